// Changing the shape of one label: islands, holes, growing, shrinking, smoothing, slices. Pure: each takes the label
// map and returns a changed copy, which Drawing.replace then writes under the reader's rules, as one step of undo.

import { squaredDistance } from './distance.js'
import { PLANES } from './grid.js'

// The box that holds a label, widened by `margin` voxels per axis: half-open [low, high], or null where there is none.
export function extent(grid, voxels, value, margin = [0, 0, 0]) {
  const low = [...grid.shape]
  const high = [-1, -1, -1]
  let index = 0
  for (let z = 0; z < grid.shape[2]; z++) {
    for (let y = 0; y < grid.shape[1]; y++) {
      for (let x = 0; x < grid.shape[0]; x++, index++) {
        if (voxels[index] !== value) continue
        if (x < low[0]) low[0] = x
        if (x > high[0]) high[0] = x
        if (y < low[1]) low[1] = y
        if (y > high[1]) high[1] = y
        if (z < low[2]) low[2] = z
        if (z > high[2]) high[2] = z
      }
    }
  }
  if (high[0] < 0) return null
  return [
    low.map((v, axis) => Math.max(0, v - margin[axis])),
    high.map((v, axis) => Math.min(grid.shape[axis], v + 1 + margin[axis])),
  ]
}

// A box cut out of the grid: its shape, which of its voxels hold the label, and the grid index of each.
export function cut(grid, voxels, value, [low, high]) {
  const shape = high.map((v, axis) => v - low[axis])
  const mask = new Uint8Array(shape[0] * shape[1] * shape[2])
  const places = new Int32Array(mask.length)
  let at = 0
  for (let z = low[2]; z < high[2]; z++) {
    for (let y = low[1]; y < high[1]; y++) {
      let index = grid.index([low[0], y, z])
      for (let x = low[0]; x < high[0]; x++, index++, at++) {
        places[at] = index
        mask[at] = voxels[index] === value ? 1 : 0
      }
    }
  }
  return { shape, mask, places }
}

// Connected parts (26 neighbours) of a label, largest first, as arrays of grid indices.
export function islands(grid, voxels, value) {
  const seen = new Uint8Array(voxels.length)
  const [nx, ny, nz] = grid.shape
  const found = []
  for (let start = 0; start < voxels.length; start++) {
    if (voxels[start] !== value || seen[start]) continue
    const island = [start]
    seen[start] = 1
    for (let head = 0; head < island.length; head++) {
      const [x, y, z] = grid.voxel(island[head])
      for (let k = Math.max(0, z - 1); k <= Math.min(nz - 1, z + 1); k++) {
        for (let j = Math.max(0, y - 1); j <= Math.min(ny - 1, y + 1); j++) {
          for (let i = Math.max(0, x - 1); i <= Math.min(nx - 1, x + 1); i++) {
            const next = i + nx * (j + ny * k)
            if (voxels[next] !== value || seen[next]) continue
            seen[next] = 1
            island.push(next)
          }
        }
      }
    }
    found.push(island)
  }
  return found.sort((a, b) => b.length - a.length)
}

export function keepLargest(grid, voxels, value) {
  return without(voxels, islands(grid, voxels, value).slice(1))
}

// Erase the islands smaller than `millilitres`.
export function removeSmall(grid, voxels, value, millilitres) {
  const fewest = millilitres / grid.millilitres - 1e-9
  return without(voxels, islands(grid, voxels, value).filter((island) => island.length < fewest))
}

function without(voxels, unwanted) {
  const next = voxels.slice()
  for (const island of unwanted) for (const index of island) next[index] = 0
  return next
}

// Background wholly enclosed by a label (6 neighbours, in 3-D) becomes that label; other labels inside stay.
export function fillHoles(grid, voxels, value) {
  const box = extent(grid, voxels, value)
  if (!box) return voxels.slice()
  const { shape, mask, places } = cut(grid, voxels, value, box)
  const outside = new Uint8Array(mask.length)
  const queue = []
  const enter = (at) => {
    if (!mask[at] && !outside[at]) {
      outside[at] = 1
      queue.push(at)
    }
  }
  const [nx, ny, nz] = shape
  const each = (at, visit) => {
    const [x, y, z] = [at % nx, Math.floor(at / nx) % ny, Math.floor(at / (nx * ny))]
    if (x > 0) visit(at - 1)
    if (x < nx - 1) visit(at + 1)
    if (y > 0) visit(at - nx)
    if (y < ny - 1) visit(at + nx)
    if (z > 0) visit(at - nx * ny)
    if (z < nz - 1) visit(at + nx * ny)
    return x === 0 || y === 0 || z === 0 || x === nx - 1 || y === ny - 1 || z === nz - 1
  }
  for (let at = 0; at < mask.length; at++) if (each(at, () => {})) enter(at)
  while (queue.length) each(queue.pop(), enter)
  const next = voxels.slice()
  for (let at = 0; at < mask.length; at++) {
    if (!mask[at] && !outside[at] && voxels[places[at]] === 0) next[places[at]] = value
  }
  return next
}

// Grow a label by `mm` in every direction.
export function grow(grid, voxels, value, mm) {
  const box = extent(grid, voxels, value, grid.spacing.map((step) => Math.ceil(mm / step)))
  if (!box) return voxels.slice()
  const { shape, mask, places } = cut(grid, voxels, value, box)
  const next = voxels.slice()
  const away = squaredDistance(mask, shape, grid.spacing)
  for (let at = 0; at < mask.length; at++) if (away[at] <= mm * mm + 1e-9) next[places[at]] = value
  return next
}

// Shrink a label by `mm`: what lies so near to anything else becomes background.
export function shrink(grid, voxels, value, mm) {
  const box = extent(grid, voxels, value, [1, 1, 1])
  if (!box) return voxels.slice()
  const { shape, mask, places } = cut(grid, voxels, value, box)
  const next = voxels.slice()
  const away = squaredDistance(mask.map((inside) => 1 - inside), shape, grid.spacing)
  for (let at = 0; at < mask.length; at++) if (mask[at] && away[at] <= mm * mm + 1e-9) next[places[at]] = 0
  return next
}

// Smooth a label's surface: a Gaussian of `mm` on it, cut at one half. Only label and background change places.
export function smooth(grid, voxels, value, mm) {
  const box = extent(grid, voxels, value, grid.spacing.map((step) => Math.ceil((2 * mm) / step)))
  if (!box) return voxels.slice()
  const { shape, mask, places } = cut(grid, voxels, value, box)
  let field = Float32Array.from(mask)
  for (let axis = 0; axis < 3; axis++) field = blur(field, shape, axis, mm / grid.spacing[axis])
  const next = voxels.slice()
  for (let at = 0; at < mask.length; at++) {
    const inside = field[at] >= 0.5
    if (mask[at] && !inside) next[places[at]] = 0
    else if (inside && voxels[places[at]] === 0) next[places[at]] = value
  }
  return next
}

function blur(field, shape, axis, sigma) {
  const reach = Math.ceil(3 * sigma)
  const kernel = Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-((i - reach) ** 2) / (2 * sigma * sigma || 1)))
  const total = kernel.reduce((sum, weight) => sum + weight, 0)
  const stride = [1, shape[0], shape[0] * shape[1]][axis]
  const result = new Float32Array(field.length)
  for (let at = 0; at < field.length; at++) {
    const place = Math.floor(at / stride) % shape[axis]
    let sum = 0
    for (let k = -reach; k <= reach; k++) {
      const clamped = Math.min(Math.max(place + k, 0), shape[axis] - 1)
      sum += kernel[k + reach] * field[at + (clamped - place) * stride]
    }
    result[at] = sum / total
  }
  return result
}

// Copy a label's shape from one slice of a plane onto another.
export function copySlice(grid, voxels, value, plane, from, to) {
  const { normal, across, up } = PLANES[plane]
  const next = voxels.slice()
  if (to < 0 || to >= grid.shape[normal]) return next
  for (let v = 0; v < grid.shape[up]; v++) {
    for (let u = 0; u < grid.shape[across]; u++) {
      const base = u * grid.strides[across] + v * grid.strides[up]
      if (voxels[base + from * grid.strides[normal]] === value) next[base + to * grid.strides[normal]] = value
    }
  }
  return next
}
