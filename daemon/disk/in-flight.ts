/** Work on many items with a bound on how many are under way; results as they come. */

/** @param parallel how many at once. The first failure ends the iteration, after what is under way has settled. */
export async function* inFlight<T, R>(
  items: Iterable<T>,
  parallel: number,
  signal: AbortSignal,
  work: (item: T) => Promise<R>,
): AsyncIterable<R> {
  const iterator = items[Symbol.iterator]()
  const open = new Map<number, Promise<{ id: number; result: R }>>()
  let nextId = 0
  const fill = (): void => {
    while (open.size < parallel) {
      const next = iterator.next()
      if (next.done === true) return
      const id = nextId++
      open.set(
        id,
        work(next.value).then((result) => ({ id, result })),
      )
    }
  }
  try {
    for (;;) {
      signal.throwIfAborted()
      fill()
      if (open.size === 0) return
      const { id, result } = await Promise.race(open.values())
      open.delete(id)
      yield result
    }
  } finally {
    await Promise.allSettled(open.values())
  }
}

/** Items in arrays of at most `count`; an array also ends when its items weigh `weight` together, and one that alone does is alone. */
export function* inBatches<T>(
  items: Iterable<T>,
  { count, weight = Infinity, weigh = () => 0 }: { count: number; weight?: number; weigh?: (item: T) => number },
): Iterable<readonly T[]> {
  let batch: T[] = []
  let sum = 0
  for (const item of items) {
    const own = weigh(item)
    if (own >= weight) {
      yield [item]
      continue
    }
    batch.push(item)
    sum += own
    if (batch.length < count && sum < weight) continue
    yield batch
    batch = []
    sum = 0
  }
  if (batch.length > 0) yield batch
}
