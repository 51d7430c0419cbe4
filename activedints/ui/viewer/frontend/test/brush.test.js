import assert from 'node:assert/strict'
import test from 'node:test'
import { fillOutline, sweep } from '../src/brush.js'
import { Grid, PLANES } from '../src/grid.js'
import { chance, diagonal } from './chance.js'

function covered(run) {
  const seen = new Set()
  run((index) => seen.add(index))
  return seen
}

test('a round brush of 4 mm on voxels of 2 mm covers a plus', () => {
  const grid = new Grid([5, 5, 3], diagonal(2, 2, 2))
  const seen = covered((visit) => sweep(grid, { diameter: 4, round: true, plane: 'axial' }, [2, 2, 1], [2, 2, 1], visit))
  const plus = [[2, 2, 1], [1, 2, 1], [3, 2, 1], [2, 1, 1], [2, 3, 1]].map((voxel) => grid.index(voxel))
  assert.deepEqual([...seen].sort(), plus.sort())
})

test('the same brush in 3-D also reaches the slices above and below; a square one has corners', () => {
  const grid = new Grid([5, 5, 3], diagonal(2, 2, 2))
  const count = (options) => covered((visit) => sweep(grid, options, [2, 2, 1], [2, 2, 1], visit)).size
  assert.equal(count({ diameter: 4, round: true, plane: null }), 7)
  assert.equal(count({ diameter: 4, round: false, plane: 'axial' }), 9)
  assert.equal(count({ diameter: 4, round: false, plane: null }), 27)
})

test('the smallest brush paints the voxel under the pointer, and a line without gaps', () => {
  const grid = new Grid([9, 9, 1], diagonal(3, 3, 3))
  const dot = covered((visit) => sweep(grid, { diameter: 1, round: true, plane: 'axial' }, [4.4, 3.6, 0], [4.4, 3.6, 0], visit))
  assert.deepEqual([...dot], [grid.index([4, 4, 0])])
  const line = covered((visit) => sweep(grid, { diameter: 1, round: true, plane: 'axial' }, [0, 0, 0], [8, 5, 0], visit))
  const voxels = [...line].map((index) => grid.voxel(index)).sort((a, b) => a[0] - b[0])
  for (let i = 1; i < voxels.length; i++) assert.ok(Math.abs(voxels[i][1] - voxels[i - 1][1]) <= 1)
  assert.equal(new Set(voxels.map(([x]) => x)).size, 9)
})

test('every brush covers what dense sampling of its path says (naive oracle)', () => {
  const random = chance(3)
  const grid = new Grid([14, 12, 10], diagonal(1, 1.5, 2))
  for (let trial = 0; trial < 60; trial++) {
    const plane = [null, 'axial', 'coronal', 'sagittal'][trial % 4]
    const round = trial % 3 > 0
    const diameter = random.real(2, 9)
    const ends = [0, 1].map(() => grid.shape.map((n) => random.real(0, n - 1)))
    if (plane) for (const end of ends) end[PLANES[plane].normal] = 4
    const seen = covered((visit) => sweep(grid, { diameter, round, plane }, ...ends, visit))
    for (let index = 0; index < grid.size; index++) {
      const voxel = grid.voxel(index)
      let away = Infinity
      for (let t = 0; t <= 1; t += 1 / 512) {
        const offsets = voxel.map((v, a) => Math.abs(v - ends[0][a] - t * (ends[1][a] - ends[0][a])) * grid.spacing[a])
        const inSlice = !plane || voxel[PLANES[plane].normal] === 4
        const way = round ? Math.hypot(...offsets) : Math.max(...offsets)
        if (inSlice) away = Math.min(away, way)
      }
      if (away < diameter / 2 - 0.05) assert.ok(seen.has(index), `missed ${voxel} at ${away} of ${diameter / 2}`)
      if (away > diameter / 2 + 0.05 && seen.has(index)) assert.ok(away < 1.5, `painted ${voxel} at ${away}`) // the path
    }
  }
})

test('strokes beyond the edge stay on the grid', () => {
  const grid = new Grid([4, 4, 4], diagonal(1, 1, 1))
  for (const plane of [null, 'axial']) {
    const seen = covered((visit) => sweep(grid, { diameter: 30, round: true, plane }, [-20, 2, 2], [40, 2, 2], visit))
    for (const index of seen) assert.ok(index >= 0 && index < 64)
    assert.equal(seen.size, plane ? 16 : 64)
  }
})

test('an outline around three voxels, by hand', () => {
  const grid = new Grid([6, 6, 2], diagonal(1, 1, 1))
  const square = [[1, 1, 1], [3, 1, 1], [3, 3, 1], [1, 3, 1]]
  const seen = covered((visit) => fillOutline(grid, 'axial', square, visit))
  assert.equal(seen.size, 9)
  for (const index of seen) assert.equal(grid.voxel(index)[2], 1)
})

test('outlines fill by the even-odd rule (naive oracle) in all planes', () => {
  const random = chance(4)
  const grid = new Grid([16, 15, 14], diagonal(1, 1, 2))
  for (let trial = 0; trial < 60; trial++) {
    const plane = Object.keys(PLANES)[trial % 3]
    const { normal, across, up } = PLANES[plane]
    const points = Array.from({ length: 3 + (trial % 9) }, () => {
      const point = [0, 0, 0]
      point[normal] = 6
      point[across] = random.real(-2, 17)
      point[up] = random.real(-2, 16)
      return point
    })
    const seen = covered((visit) => fillOutline(grid, plane, points, visit))
    for (let index = 0; index < grid.size; index++) {
      const voxel = grid.voxel(index)
      if (voxel[normal] !== 6) assert.ok(!seen.has(index))
      else if (inside(points, across, up, voxel[across], voxel[up])) assert.ok(seen.has(index))
      else if (seen.has(index)) assert.ok(nearLine(points, across, up, voxel) <= Math.SQRT1_2 + 1e-6)
    }
  }
})

function inside(points, across, up, u, v) {
  let odd = false
  points.forEach((a, i) => {
    const b = points[(i + 1) % points.length]
    if (a[up] > v !== b[up] > v && u < a[across] + ((v - a[up]) * (b[across] - a[across])) / (b[up] - a[up])) odd = !odd
  })
  return odd
}

function nearLine(points, across, up, voxel) {
  let least = Infinity
  points.forEach((a, i) => {
    const b = points[(i + 1) % points.length]
    for (let t = 0; t <= 1; t += 1 / 256) {
      const [u, v] = [a[across] + t * (b[across] - a[across]), a[up] + t * (b[up] - a[up])]
      least = Math.min(least, Math.hypot(u - voxel[across], v - voxel[up]))
    }
  })
  return least
}
