// Undo and redo as lists of changed runs: small, exact, and refusing to run past either end.

export const MOST_STEPS = 200
export const FEWEST_STEPS = 50
const MOST_NUMBERS = 16e6 // 64 MB of runs, beyond which the oldest steps go (but never the last 50)

export class History {
  constructor() {
    this.done = []
    this.undone = []
  }

  add(step) {
    this.done.push(step)
    this.undone = []
    let kept = this.done.reduce((sum, runs) => sum + runs.length, 0)
    while (this.done.length > MOST_STEPS || (kept > MOST_NUMBERS && this.done.length > FEWEST_STEPS)) {
      kept -= this.done.shift().length
    }
  }

  // put(index, value) writes one voxel. Returns false where there is nothing to undo.
  undo(put) {
    return move(this.done, this.undone, put, (values) => values & 0xff)
  }

  redo(put) {
    return move(this.undone, this.done, put, (values) => values >> 8)
  }
}

function move(from, to, put, value) {
  const runs = from.pop()
  if (!runs) return false
  for (let i = 0; i < runs.length; i += 3) {
    const [start, length, values] = runs.subarray(i, i + 3)
    for (let k = 0; k < length; k++) put(start + k, value(values))
  }
  to.push(runs)
  return true
}

// [index, before, after, ...], each index once -> Int32Array of runs: start, length, before | after << 8.
export function packRuns(changes) {
  const count = changes.length / 3
  const order = new Float64Array(count) // index * 65536 + values sorts by index and stays exact below 2^53
  for (let i = 0; i < count; i++) order[i] = changes[3 * i] * 65536 + (changes[3 * i + 1] | (changes[3 * i + 2] << 8))
  order.sort()
  const runs = []
  for (const entry of order) {
    const index = Math.floor(entry / 65536)
    const values = entry % 65536
    const last = runs.length - 3
    if (last >= 0 && runs[last] + runs[last + 1] === index && runs[last + 2] === values) runs[last + 1]++
    else runs.push(index, 1, values)
  }
  return Int32Array.from(runs)
}
