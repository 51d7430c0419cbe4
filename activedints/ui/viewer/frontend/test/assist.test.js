import assert from 'node:assert/strict'
import test from 'node:test'
import { boxAbout, boxAround, cutBox, eachOfBox, volume } from '../src/assist.js'
import { autoWindow, fromShares, toShares } from '../src/contrast.js'
import { Grid } from '../src/grid.js'
import { undrawn } from '../src/proposals.js'
import { check, middle } from '../src/rules.js'
import { chance, diagonal } from './chance.js'

const grid = new Grid([40, 30, 20], diagonal(1, 2, 3))
const at = (x, y, z) => grid.index([x, y, z])

test('a box holds its scribble and what lies about it, and never leaves the grid', () => {
  const random = chance(5)
  for (let trial = 0; trial < 200; trial++) {
    const count = 1 + Math.floor(random.real() * 6)
    const indices = Array.from({ length: count }, () => Math.floor(random.real() * grid.size))
    const [low, high] = boxAround(grid, indices)
    for (const axis of [0, 1, 2]) {
      assert.ok(0 <= low[axis] && low[axis] < high[axis] && high[axis] <= grid.shape[axis])
      for (const index of indices) {
        const v = grid.voxel(index)[axis]
        assert.ok(low[axis] <= v && v < high[axis])
      }
    }
  }
  const large = new Grid([300, 300, 300], diagonal(1, 1, 1))
  const [low, high] = boxAround(large, [large.index([150, 150, 150])])
  assert.deepEqual(high.map((v, axis) => v - low[axis]), [49, 49, 49])
  const line = Array.from({ length: 60 }, (_, i) => large.index([100 + i, 150, 150]))
  assert.deepEqual(boxAround(large, line), [[98, 126, 126], [162, 175, 175]])
})

test('a box about a voxel is measured in mm', () => {
  assert.deepEqual(boxAbout(grid, [20, 15, 10], 12), [[14, 12, 8], [26, 18, 12]])
  assert.deepEqual(boxAbout(grid, [0, 29, 10], 12), [[0, 26, 8], [6, 30, 12]])
})

test('a box is cut in the order of its own voxels', () => {
  const voxels = Uint8Array.from({ length: grid.size }, (_, i) => i % 251)
  const box = [[3, 4, 5], [6, 6, 7]]
  const cut = cutBox(grid, voxels, box)
  assert.equal(cut.length, volume(box))
  assert.equal(cut[0], at(3, 4, 5) % 251)
  assert.equal(cut[1 + 3 * (1 + 2 * 1)], at(4, 5, 6) % 251)
  const seen = []
  eachOfBox(grid, box, (index, place) => seen.push([index, place]))
  assert.deepEqual(seen.at(-1), [at(5, 5, 6), 11])
})

test('islands that touch none of the labels they lie in are named, largest first, with their place', () => {
  const labels = [{ value: 1, name: 'edema' }, { value: 2, name: 'core' }, { value: 3, name: 'enhancing' }]
  const voxels = new Uint8Array(grid.size)
  const fill = (value, [x0, y0, z0], [x1, y1, z1]) => eachOfBox(grid, [[x0, y0, z0], [x1, y1, z1]], (index) => (voxels[index] = value))
  fill(1, [2, 2, 2], [8, 8, 8])
  fill(3, [8, 8, 8], [10, 10, 10]) // touches the edema by a corner
  fill(3, [20, 20, 10], [21, 21, 11])
  fill(3, [30, 20, 10], [34, 22, 12])
  const rules = [{ inner: 3, outer: [1, 2] }]
  const found = check(grid, voxels, labels, rules)
  assert.deepEqual(found.map(({ text }) => text), ['0.10 mL of enhancing touch no edema or core', '0.01 mL of enhancing touch no edema or core'])
  assert.equal(voxels[grid.index(found[0].at)], 3)
  assert.deepEqual(found[1].at, [20, 20, 10])
  assert.deepEqual(check(grid, voxels, labels, []), [])
})

test('the middle of a ring is a voxel of the ring', () => {
  const ring = [[5, 5], [6, 5], [7, 5], [5, 6], [7, 6], [5, 7], [6, 7], [7, 7]].map(([x, y]) => at(x, y, 3))
  assert.ok(ring.includes(grid.index(middle(grid, ring))))
})

test('a window kept as shares of the automatic one comes back, and fits another scan', () => {
  const own = { low: 120, high: 900 }
  const kept = toShares({ low: 100, high: 1100 }, own)
  assert.deepEqual(fromShares({ low: 100, high: 1100 }, kept), own)
  const other = fromShares({ low: 0, high: 10 }, kept)
  assert.ok(Math.abs(other.low - 0.2) < 1e-9 && Math.abs(other.high - 8) < 1e-9)
  assert.deepEqual(fromShares(autoWindow(new Int16Array(10)), undefined), { low: 0, high: 1 })
})

test('a proposal that is not drawn and an outline that is not closed are named before a submission', () => {
  const grid = new Grid([5, 5, 5], diagonal(1, 1, 1))
  const mask = new Uint8Array(grid.size)
  for (const x of [1, 2, 3]) mask[grid.index([x, 2, 2])] = 1
  assert.deepEqual(undrawn({ grid, preview: null, path: null }), [])
  const [proposal, outline] = undrawn({ grid, preview: { mask, millilitres: '54.71' }, path: { points: [[0, 0, 0], [4, 1, 2]] } })
  assert.deepEqual(proposal, { text: 'A proposal of 54.71 mL is not drawn; Enter in the case draws it', at: [2, 2, 2] })
  assert.deepEqual(outline.at, [4, 1, 2])
})
