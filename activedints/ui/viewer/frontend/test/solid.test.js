import assert from 'node:assert/strict'
import test from 'node:test'
import { Grid } from '../src/grid.js'
import { axesOf, render, surfacePoints } from '../src/solid.js'
import { diagonal } from './chance.js'

const near = (a, b) => a.forEach((v, i) => assert.ok(Math.abs(v - b[i]) < 1e-6, `${a} is not ${b}`))

test('the eye stands where the angles say, and nobody is mirrored', () => {
  const front = axesOf(0, 0)
  near(front.eye, [0, 1, 0])
  near(front.right, [-1, 0, 0]) // from the front, the patient's right is on the left
  near(front.up, [0, 0, 1])
  near(axesOf(90, 0).eye, [1, 0, 0])
  near(axesOf(90, 0).right, [0, 1, 0])
  for (const [azimuth, elevation] of [[10, 20], [200, -50], [35, 15]]) {
    const { right, up, eye } = axesOf(azimuth, elevation)
    near([right[1] * up[2] - right[2] * up[1], right[2] * up[0] - right[0] * up[2], right[0] * up[1] - right[1] * up[0]], eye)
  }
})

test('only the surface has points, with normals that point outwards', () => {
  const grid = new Grid([9, 9, 9], diagonal(2, 2, 2))
  const voxels = new Uint8Array(grid.size)
  for (let z = 2; z < 7; z++) for (let y = 2; y < 7; y++) for (let x = 2; x < 7; x++) voxels[grid.index([x, y, z])] = 3
  const points = surfacePoints(grid, (index) => voxels[index])
  assert.equal(points.kind.length, 125 - 27)
  assert.ok(points.kind.every((kind) => kind === 3))
  for (let i = 0; i < points.index.length; i++) {
    const [p, n] = [points.position, points.normal].map((of) => of.slice(3 * i, 3 * i + 3))
    assert.ok(p[0] * n[0] + p[1] * n[1] + p[2] * n[2] > 0)
    near(p, grid.voxel(points.index[i]).map((v) => 2 * (v - 4)))
  }
})

test('what lies nearer hides what lies behind, and a pixel knows its voxel', () => {
  const grid = new Grid([11, 11, 11], diagonal(1, 1, 1))
  const voxels = new Uint8Array(grid.size)
  voxels[grid.index([5, 9, 5])] = 1 // in front, seen from the front
  voxels[grid.index([5, 1, 5])] = 2
  const solids = surfacePoints(grid, (index) => voxels[index])
  const glass = { ...surfacePoints(grid, () => 0), step: 1 }
  const pixels = new Uint32Array(40 * 40)
  const colours = { 1: [255, 0, 0], 2: [0, 0, 255] }
  const front = render(pixels, [40, 40], 3, axesOf(0, 0), grid.spacing, { glass, solids }, colours)
  assert.equal(front[20 * 40 + 20], grid.index([5, 9, 5]))
  assert.ok((pixels[20 * 40 + 20] & 0xff) > 80) // red
  const back = render(pixels, [40, 40], 3, axesOf(180, 0), grid.spacing, { glass, solids }, colours)
  assert.equal(back[20 * 40 + 20], grid.index([5, 1, 5]))
  assert.equal(front[0], -1)
  const side = render(pixels, [40, 40], 3, axesOf(90, 0), grid.spacing, { glass, solids }, colours)
  assert.equal(side[20 * 40 + 20 + 12], grid.index([5, 9, 5])) // from the patient's right, the front is on the right
})
