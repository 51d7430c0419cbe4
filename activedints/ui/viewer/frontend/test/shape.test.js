import assert from 'node:assert/strict'
import test from 'node:test'
import { squaredDistance } from '../src/distance.js'
import { Grid, PLANES } from '../src/grid.js'
import { fillBetween, profiles, regionGrow, spotPlace } from '../src/propose.js'
import { copySlice, extent, fillHoles, grow, islands, keepLargest, removeSmall, shrink, smooth } from '../src/shape.js'
import { chance, diagonal } from './chance.js'

const grid = new Grid([12, 11, 10], diagonal(1, 1, 2))

function filled(where, value = 1, target = grid) {
  return Uint8Array.from({ length: target.size }, (_, index) => (where(...target.voxel(index)) ? value : 0))
}

const ball = (cx, cy, cz, r) => (x, y, z) => Math.hypot(x - cx, y - cy, 2 * (z - cz)) <= r
const count = (voxels, value = 1) => voxels.filter((v) => v === value).length

test('distances equal brute force, on unequal spacings', () => {
  const random = chance(6)
  const shape = [6, 5, 4]
  const spacing = [1, 0.5, 3]
  for (let trial = 0; trial < 20; trial++) {
    const mask = Uint8Array.from({ length: 120 }, () => (random.real() < 0.08 ? 1 : 0))
    const place = (i) => [i % 6, Math.floor(i / 6) % 5, Math.floor(i / 30)]
    const field = squaredDistance(mask, shape, spacing)
    for (let i = 0; i < 120; i++) {
      let least = Infinity
      for (let j = 0; j < 120; j++) {
        if (mask[j]) least = Math.min(least, place(i).reduce((sum, v, a) => sum + ((v - place(j)[a]) * spacing[a]) ** 2, 0))
      }
      assert.ok(field[i] === least || Math.abs(field[i] - least) < 1e-9)
    }
  }
})

test('islands, the largest, and those too small', () => {
  const two = filled((x, y, z) => ball(3, 3, 3, 2)(x, y, z) || (x === 9 && y === 9 && z === 9))
  assert.deepEqual(islands(grid, two, 1).map((island) => island.length), [count(filled(ball(3, 3, 3, 2))), 1])
  assert.deepEqual(keepLargest(grid, two, 1), filled(ball(3, 3, 3, 2)))
  assert.deepEqual(removeSmall(grid, two, 1, 0.003), filled(ball(3, 3, 3, 2))) // one voxel is 0.002 mL
  assert.deepEqual(removeSmall(grid, two, 1, 0.002), two)
})

test('a hole is filled, a bay and another label inside are not', () => {
  const shell = filled((x, y, z) => x >= 2 && x <= 6 && y >= 2 && y <= 6 && z >= 2 && z <= 6)
  const hollow = shell.slice()
  hollow[grid.index([4, 4, 4])] = 0
  assert.deepEqual(fillHoles(grid, hollow, 1), shell)
  const nested = shell.slice()
  nested[grid.index([4, 4, 4])] = 2
  assert.deepEqual(fillHoles(grid, nested, 1), nested)
  const bay = shell.slice()
  for (let x = 4; x <= 6; x++) bay[grid.index([x, 4, 4])] = 0
  assert.deepEqual(fillHoles(grid, bay, 1), bay)
})

test('growing by one voxel reaches the neighbours along the axes, in mm', () => {
  const dot = filled((x, y, z) => x === 5 && y === 5 && z === 5)
  assert.equal(count(grow(grid, dot, 1, 1)), 5) // 2 mm slices are out of reach
  assert.equal(count(grow(grid, dot, 1, 2)), 15) // 13 in the slice, and one above and below
  assert.deepEqual(shrink(grid, grow(grid, dot, 1, 1), 1, 1), dot)
})

test('growing and shrinking contain and are contained; smoothing drops a splinter and keeps the body', () => {
  const random = chance(7)
  for (let trial = 0; trial < 12; trial++) {
    const body = filled(ball(random.real(3, 8), random.real(3, 8), random.real(3, 6), random.real(2, 4)))
    const [more, less] = [grow(grid, body, 1, 1.5), shrink(grid, body, 1, 1.5)]
    body.forEach((v, i) => assert.ok(less[i] <= v && v <= more[i]))
  }
  const large = new Grid([20, 20, 20], diagonal(1, 1, 1))
  const splinter = filled((x, y, z) => Math.hypot(x - 9, y - 9, z - 9) <= 5 || (x >= 14 && y === 9 && z === 9), 1, large)
  const softer = smooth(large, splinter, 1, 1)
  assert.equal(softer[large.index([18, 9, 9])], 0)
  assert.equal(softer[large.index([9, 9, 9])], 1)
  assert.ok(Math.abs(count(softer) - count(splinter)) / count(splinter) < 0.2)
})

test('no label, no change', () => {
  const empty = new Uint8Array(grid.size)
  assert.equal(extent(grid, empty, 1), null)
  for (const change of [fillHoles, keepLargest]) assert.deepEqual(change(grid, empty, 1), empty)
  for (const change of [grow, shrink, smooth]) assert.deepEqual(change(grid, empty, 1, 2), empty)
})

test('a slice is copied to its neighbour only, and not beyond the edge', () => {
  for (const plane of Object.keys(PLANES)) {
    const { normal } = PLANES[plane]
    const one = filled((...voxel) => voxel[normal] === 4 && voxel[(normal + 1) % 3] === 3)
    const copied = copySlice(grid, one, 1, plane, 4, 5)
    assert.deepEqual(copied, filled((...voxel) => [4, 5].includes(voxel[normal]) && voxel[(normal + 1) % 3] === 3))
    assert.deepEqual(copySlice(grid, one, 1, plane, 4, grid.shape[normal]), one)
  }
})

test('a region grows through what is alike and connected, no further than its reach', () => {
  const image = Int16Array.from({ length: grid.size }, (_, i) => (ball(4, 4, 4, 3)(...grid.voxel(i)) ? 100 : 0))
  image[grid.index([11, 10, 9])] = 100 // alike, but not connected
  const seed = [4, 4, 4]
  const inside = filled(ball(4, 4, 4, 3))
  assert.deepEqual(regionGrow(grid, image, seed, { tolerance: 10, reach: 50 }), inside)
  assert.deepEqual(regionGrow(grid, image, seed, { tolerance: 100, reach: 500 }), filled(() => true))
  const flat = regionGrow(grid, image, seed, { tolerance: 10, reach: 50, plane: 'axial' })
  assert.deepEqual(flat, filled((x, y, z) => z === 4 && ball(4, 4, 4, 3)(x, y, z)))
  assert.deepEqual(regionGrow(grid, image, seed, { tolerance: 10, reach: 1.5 }), filled(ball(4, 4, 4, 1.5)))
})

test('between two equal discs lie the same discs; of two sizes, the middle one is in between', () => {
  for (const plane of Object.keys(PLANES)) {
    const cube = new Grid([15, 15, 15], diagonal(1, 1, 1))
    const { normal, across, up } = PLANES[plane]
    const disc = (r) => (...voxel) => Math.hypot(voxel[across] - 7, voxel[up] - 7) <= r
    const ends = filled((...v) => [3, 7].includes(v[normal]) && disc(4)(...v), 2, cube)
    const between = filled((...v) => v[normal] > 3 && v[normal] < 7 && disc(4)(...v), 1, cube)
    assert.deepEqual(fillBetween(cube, ends, 2, plane), between)
    const cone = filled((...v) => (v[normal] === 3 && disc(2)(...v)) || (v[normal] === 5 && disc(6)(...v)), 2, cube)
    const middle = fillBetween(cube, cone, 2, plane)
    const size = (r) => count(filled((...v) => v[normal] === 4 && disc(r)(...v), 1, cube))
    assert.ok(count(middle) > size(3) && count(middle) < size(5))
  }
})

test('an uncertain spot is what hangs together above half of the highest doubt', () => {
  const line = new Grid([8, 1, 1], diagonal(1, 1, 1))
  const doubt = Uint8Array.of(200, 90, 120, 160, 99, 130, 100, 0)
  assert.deepEqual([...spotPlace(line, doubt, [3, 0, 0])], [0, 0, 1, 1, 0, 0, 0, 0])
  assert.deepEqual([...spotPlace(line, doubt, [5, 0, 0])], [0, 0, 0, 0, 0, 1, 1, 0])
  assert.equal(spotPlace(line, doubt, [7, 0, 0]), null)
  assert.equal(spotPlace(line, new Uint8Array(8), [0, 0, 0]), null)
})

test('one slice alone leaves nothing to fill', () => {
  assert.equal(count(fillBetween(grid, filled((x, y, z) => z === 3), 1, 'axial')), 0)
})

test('the profile is the mean of each slice', () => {
  const small = new Grid([2, 1, 2], diagonal(1, 1, 1))
  const { axial, sagittal, coronal } = profiles(small, Uint8Array.of(0, 10, 20, 50))
  assert.deepEqual([[...axial], [...sagittal], [...coronal]], [[5, 35], [10, 30], [20]])
})
