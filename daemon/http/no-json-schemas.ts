/**
 * Fastify loads its own compilers of JSON schemas unless it is given others when it begins. Ours are set right after, once it can
 * take them; these are never asked.
 */

function refuse(): never {
  throw new TypeError('what comes and goes is checked by schemas of zod')
}

export const NO_JSON_SCHEMAS = { buildValidator: refuse, buildSerializer: refuse }
