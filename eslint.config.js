/** The strictest typed rules, so that a promise without an owner or a union with a forgotten case does not pass. */

import js from '@eslint/js'
import tseslint from 'typescript-eslint'

const NODE_TEST_CALLS = [{ from: 'package', package: 'node:test', name: ['describe', 'it', 'test', 'suite'] }]

export default tseslint.config(
  { ignores: ['dist', 'node_modules', '.tmp', 'bench/out', 'coverage'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      'no-undef': 'off',
      '@typescript-eslint/consistent-type-imports': ['error', { prefer: 'type-imports' }],
      '@typescript-eslint/no-floating-promises': ['error', { allowForKnownSafeCalls: NODE_TEST_CALLS }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true, requireDefaultForNonUnion: false },
      ],
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // A parser is generic in the brand that it returns.
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      // Ports are closures that factories make, so their functions are taken apart freely; they have no `this` to lose.
      '@typescript-eslint/unbound-method': 'off',
      // A name is cut by code points on purpose.
      '@typescript-eslint/no-misused-spread': ['error', { allow: ['string'] }],
      // Control characters are what a terminal is kept from.
      'no-control-regex': 'off',
      // Ports are asynchronous where one of their implementations is.
      '@typescript-eslint/require-await': 'off',
      'require-yield': 'off',
      // `while (true)` with a return inside is how a loop over a port reads best.
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: 'only-allowed-literals' },
      ],
      'no-restricted-syntax': [
        'error',
        { selector: 'TSEnumDeclaration', message: 'Use a union of literals.' },
        { selector: 'ExportDefaultDeclaration', message: 'Use a named export.' },
        {
          selector: "CallExpression[callee.object.name='process'][callee.property.name='exit']",
          message: 'The process ends because nothing is left to do: set process.exitCode.',
        },
      ],
    },
  },
  {
    files: ['**/*.cjs', '**/*.js'],
    languageOptions: {
      globals: {
        process: 'readonly',
        require: 'readonly',
        module: 'writable',
        __dirname: 'readonly',
        console: 'readonly',
      },
    },
    rules: { 'no-var': 'off' },
  },
)
