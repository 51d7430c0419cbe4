// Which voxels a brush, an outline or a click covers. Pure geometry: each calls visit(index), never twice in vain.

import { PLANES } from './grid.js'

// A brush of `diameter` mm dragged from one voxel position to another. Round brushes cover the voxels whose centre
// lies within the radius of the segment (in mm); square ones those within it along each axis. `plane` keeps a brush in
// its slice; null makes it a ball or cube. The voxels under the path are always covered, however small the brush.
export function sweep(grid, { diameter, round, plane }, from, to, visit) {
  const radius = diameter / 2
  const flat = plane ? PLANES[plane].normal : -1
  const low = [0, 0, 0]
  const high = [0, 0, 0]
  for (let axis = 0; axis < 3; axis++) {
    const reach = axis === flat ? 0 : radius / grid.spacing[axis]
    low[axis] = Math.max(0, Math.ceil(Math.min(from[axis], to[axis]) - reach - 1e-9))
    high[axis] = Math.min(grid.shape[axis] - 1, Math.floor(Math.max(from[axis], to[axis]) + reach + 1e-9))
  }
  const covers = round ? capsule(grid, from, to, radius) : box(grid, from, to, radius, flat)
  for (let z = low[2]; z <= high[2]; z++) {
    for (let y = low[1]; y <= high[1]; y++) {
      let index = grid.index([low[0], y, z])
      for (let x = low[0]; x <= high[0]; x++, index++) if (covers(x, y, z)) visit(index)
    }
  }
  alongPath(grid, from, to, visit)
}

function capsule(grid, from, to, radius) {
  const [sx, sy, sz] = grid.spacing
  const [ax, ay, az] = [from[0] * sx, from[1] * sy, from[2] * sz]
  const [dx, dy, dz] = [to[0] * sx - ax, to[1] * sy - ay, to[2] * sz - az]
  const length2 = dx * dx + dy * dy + dz * dz
  const limit = radius * radius + 1e-9
  return (x, y, z) => {
    const [px, py, pz] = [x * sx - ax, y * sy - ay, z * sz - az]
    const t = length2 ? Math.min(1, Math.max(0, (px * dx + py * dy + pz * dz) / length2)) : 0
    const [ex, ey, ez] = [px - t * dx, py - t * dy, pz - t * dz]
    return ex * ex + ey * ey + ez * ez <= limit
  }
}

// A square brush along a segment: some point of the segment lies within the radius of the voxel on every axis, that
// is, the intervals of t in which each axis is near enough have one in common.
function box(grid, from, to, radius, flat) {
  const near = [0, 1, 2].map((axis) => (axis === flat ? 0 : radius / grid.spacing[axis]) + 1e-9)
  return (x, y, z) => {
    let [first, last] = [0, 1]
    for (let axis = 0; axis < 3; axis++) {
      const offset = (axis === 0 ? x : axis === 1 ? y : z) - from[axis]
      const way = to[axis] - from[axis]
      if (Math.abs(way) < 1e-12) {
        if (Math.abs(offset) > near[axis]) return false
        continue
      }
      const [a, b] = [(offset - near[axis]) / way, (offset + near[axis]) / way]
      first = Math.max(first, Math.min(a, b))
      last = Math.min(last, Math.max(a, b))
    }
    return first <= last
  }
}

// The voxels under a segment, in steps of half a voxel at most.
export function alongPath(grid, from, to, visit) {
  const way = to.map((v, axis) => v - from[axis])
  const steps = Math.max(1, Math.ceil(2 * Math.max(...way.map(Math.abs))))
  for (let step = 0; step <= steps; step++) {
    const voxel = from.map((v, axis) => Math.round(v + (way[axis] * step) / steps))
    if (grid.contains(voxel)) visit(grid.index(voxel))
  }
}

// The inside of a closed outline in one slice (even-odd rule at voxel centres), and the voxels under its line.
// `points` are voxel positions, all with the same coordinate along the plane's normal.
export function fillOutline(grid, plane, points, visit) {
  const { normal, across, up } = PLANES[plane]
  const slice = Math.round(points[0][normal])
  if (slice < 0 || slice >= grid.shape[normal]) return
  const corners = points.map((point) => [point[across], point[up]])
  const rows = corners.map(([, v]) => v)
  const bottom = Math.max(0, Math.ceil(Math.min(...rows)))
  const top = Math.min(grid.shape[up] - 1, Math.floor(Math.max(...rows)))
  for (let v = bottom; v <= top; v++) {
    const crossings = []
    corners.forEach(([u0, v0], i) => {
      const [u1, v1] = corners[(i + 1) % corners.length]
      if (v0 <= v !== v1 <= v) crossings.push(u0 + ((v - v0) / (v1 - v0)) * (u1 - u0))
    })
    crossings.sort((a, b) => a - b)
    for (let i = 0; i + 1 < crossings.length; i += 2) {
      const first = Math.max(0, Math.ceil(crossings[i]))
      const last = Math.min(grid.shape[across] - 1, Math.floor(crossings[i + 1]))
      const base = slice * grid.strides[normal] + v * grid.strides[up]
      for (let u = first; u <= last; u++) visit(base + u * grid.strides[across])
    }
  }
  points.forEach((point, i) => alongPath(grid, point, points[(i + 1) % points.length], visit))
}
