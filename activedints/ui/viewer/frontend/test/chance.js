// Seeded chance for property tests: the same numbers in every run (mulberry32).
export function chance(seed) {
  let state = seed
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  return { real: (low = 0, high = 1) => low + (high - low) * next(), whole: (low, high) => low + Math.floor(next() * (high - low)) }
}

export function diagonal(x, y, z) {
  return [[x, 0, 0, 0], [0, y, 0, 0], [0, 0, z, 0], [0, 0, 0, 1]]
}
