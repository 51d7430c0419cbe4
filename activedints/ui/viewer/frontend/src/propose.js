// Proposals that the reader sees before they are drawn: region growing, and filling between slices. Pure functions
// that return a mask of the whole grid.

import { squaredDistance } from './distance.js'
import { PLANES } from './grid.js'
import { extent } from './shape.js'

// Voxels connected to the seed (6 neighbours, 4 in one slice) whose stored value lies within `tolerance` of the seed's,
// and no further from it than `reach` mm.
export function regionGrow(grid, voxels, seed, { tolerance, reach, plane = null }) {
  const mask = new Uint8Array(grid.size)
  const start = grid.index(seed)
  const [low, high] = [voxels[start] - tolerance, voxels[start] + tolerance]
  const [nx, ny, nz] = grid.shape
  // squared mm from the seed along each axis; a plane's normal allows its own slice only
  const [dx, dy, dz] = grid.shape.map((n, axis) => {
    const fixed = plane && PLANES[plane].normal === axis
    return Float64Array.from({ length: n }, (_, v) => (fixed && v !== seed[axis] ? Infinity : ((v - seed[axis]) * grid.spacing[axis]) ** 2))
  })
  const limit = reach * reach
  const queue = new Int32Array(grid.size)
  let [head, tail] = [0, 1]
  queue[0] = start
  mask[start] = 1
  const enter = (index, x, y, z) => {
    if (mask[index] || voxels[index] < low || voxels[index] > high || dx[x] + dy[y] + dz[z] > limit) return
    mask[index] = 1
    queue[tail++] = index
  }
  const [row, layer] = [nx, nx * ny]
  while (head < tail) {
    const index = queue[head++]
    const x = index % nx
    const y = ((index - x) / nx) % ny
    const z = (index - x - y * nx) / layer
    if (x > 0) enter(index - 1, x - 1, y, z)
    if (x < nx - 1) enter(index + 1, x + 1, y, z)
    if (y > 0) enter(index - row, x, y - 1, z)
    if (y < ny - 1) enter(index + row, x, y + 1, z)
    if (z > 0) enter(index - layer, x, y, z - 1)
    if (z < nz - 1) enter(index + layer, x, y, z + 1)
  }
  return mask
}

// The voxels of an uncertain spot: connected (6 neighbours) to its most uncertain voxel, with at least half of the map's
// highest value, as the server finds them. Null where the map says nothing there.
export function spotPlace(grid, doubt, at) {
  let most = 0
  for (const value of doubt) if (value > most) most = value
  const tolerance = doubt[grid.index(at)] - most / 2
  return tolerance >= 0 && most ? regionGrow(grid, doubt, at, { tolerance, reach: Infinity }) : null
}

// Shape-based interpolation (Raya & Udupa 1990): between two slices that hold a label, the empty slices take the shape
// whose signed distance is the weighted mean of the two. Marks the new voxels only.
export function fillBetween(grid, voxels, value, plane) {
  const { normal, across, up } = PLANES[plane]
  const mask = new Uint8Array(grid.size)
  const box = extent(grid, voxels, value, [1, 1, 1]) // one voxel more: every shape has its outside within the box
  if (!box) return mask
  const [low, high] = box
  const shape = [high[across] - low[across], high[up] - low[up], 1]
  const steps = [grid.spacing[across], grid.spacing[up], 1]
  const places = Int32Array.from({ length: shape[0] * shape[1] }, (_, at) => {
    const [u, v] = [low[across] + (at % shape[0]), low[up] + Math.floor(at / shape[0])]
    return u * grid.strides[across] + v * grid.strides[up]
  })
  let before = null
  for (let slice = low[normal]; slice < high[normal]; slice++) {
    const base = slice * grid.strides[normal]
    const inside = Uint8Array.from(places, (place) => (voxels[base + place] === value ? 1 : 0))
    if (!inside.includes(1)) continue
    const next = { slice, distance: null, inside }
    if (before && slice - before.slice > 1) {
      for (const end of [before, next]) end.distance ??= signed(end.inside, shape, steps)
      for (let between = before.slice + 1; between < slice; between++) {
        const t = (between - before.slice) / (slice - before.slice)
        const target = between * grid.strides[normal]
        for (let at = 0; at < places.length; at++) {
          if ((1 - t) * before.distance[at] + t * next.distance[at] < 0) mask[target + places[at]] = 1
        }
      }
    }
    before = next
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
