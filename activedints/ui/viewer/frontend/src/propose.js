// Proposals that the reader sees before they are drawn: region growing, and filling between slices. Pure functions
// that return a mask of the whole grid.

import { squaredDistance } from './distance.js'
import { PLANES } from './grid.js'

// Voxels connected to the seed (6 neighbours, 4 in one slice) whose stored value lies within `tolerance` of the seed's,
// and no further from it than `reach` mm.
export function regionGrow(grid, voxels, seed, { tolerance, reach, plane = null }) {
  const mask = new Uint8Array(grid.size)
  const start = grid.index(seed)
  const [low, high] = [voxels[start] - tolerance, voxels[start] + tolerance]
  const axes = [0, 1, 2].filter((axis) => !plane || axis !== PLANES[plane].normal)
  const box = [0, 1, 2].map((axis) => {
    const far = axes.includes(axis) ? reach / grid.spacing[axis] : 0
    return [Math.max(0, Math.ceil(seed[axis] - far)), Math.min(grid.shape[axis] - 1, Math.floor(seed[axis] + far))]
  })
  const queue = new Int32Array(grid.size)
  let [head, tail] = [0, 1]
  queue[0] = start
  mask[start] = 1
  const [nx, ny] = grid.shape
  while (head < tail) {
    const index = queue[head++]
    const place = [index % nx, Math.floor(index / nx) % ny, Math.floor(index / (nx * ny))]
    for (const axis of axes) {
      for (const way of [-1, 1]) {
        const at = place[axis] + way
        if (at < box[axis][0] || at > box[axis][1]) continue
        const next = index + way * grid.strides[axis]
        if (mask[next] || voxels[next] < low || voxels[next] > high) continue
        const [dx, dy, dz] = [0, 1, 2].map((a) => (place[a] + (a === axis ? way : 0) - seed[a]) * grid.spacing[a])
        if (dx * dx + dy * dy + dz * dz > reach * reach) continue
        mask[next] = 1
        queue[tail++] = next
      }
    }
  }
  return mask
}

// Shape-based interpolation (Raya & Udupa 1990): between two slices that hold a label, the empty slices take the shape
// whose signed distance is the weighted mean of the two. Marks the new voxels only.
export function fillBetween(grid, voxels, value, plane) {
  const { normal, across, up } = PLANES[plane]
  const shape = [grid.shape[across], grid.shape[up], 1]
  const steps = [grid.spacing[across], grid.spacing[up], 1]
  const mask = new Uint8Array(grid.size)
  const place = (at, slice) =>
    slice * grid.strides[normal] + (at % shape[0]) * grid.strides[across] + Math.floor(at / shape[0]) * grid.strides[up]
  const read = (slice) => {
    const inside = new Uint8Array(shape[0] * shape[1])
    let any = false
    for (let at = 0; at < inside.length; at++) {
      if (voxels[place(at, slice)] === value) inside[at] = any = 1
    }
    return any ? inside : null
  }
  let before = null
  for (let slice = 0; slice < grid.shape[normal]; slice++) {
    const inside = read(slice)
    if (!inside) continue
    if (before && slice - before.slice > 1) {
      const [a, b] = [signed(before.inside, shape, steps), signed(inside, shape, steps)]
      for (let between = before.slice + 1; between < slice; between++) {
        const t = (between - before.slice) / (slice - before.slice)
        for (let at = 0; at < a.length; at++) if ((1 - t) * a[at] + t * b[at] < 0) mask[place(at, between)] = 1
      }
    }
    before = { slice, inside }
  }
  return mask
}

// Signed distance in mm, negative inside. It changes sign half way between an inner and an outer voxel.
function signed(inside, shape, spacing) {
  const toInside = squaredDistance(inside, shape, spacing)
  const toOutside = squaredDistance(inside.map((v) => 1 - v), shape, spacing)
  return toInside.map((v, i) => (inside[i] ? -Math.sqrt(toOutside[i]) : Math.sqrt(v)))
}

// Mean uncertainty of each slice, 0..255, for the three planes: the bars beside the image.
export function profiles(grid, heat) {
  const sums = [0, 1, 2].map((axis) => new Float64Array(grid.shape[axis]))
  const [nx, ny, nz] = grid.shape
  let index = 0
  for (let z = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < nx; x++, index++) {
        const value = heat[index]
        if (!value) continue
        sums[0][x] += value
        sums[1][y] += value
        sums[2][z] += value
      }
    }
  }
  const mean = (axis) => sums[axis].map((sum) => (sum * grid.shape[axis]) / grid.size)
  return Object.fromEntries(Object.entries(PLANES).map(([plane, { normal }]) => [plane, mean(normal)]))
}
