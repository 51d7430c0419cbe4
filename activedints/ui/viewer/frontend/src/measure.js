// Distances and angles between voxel positions, in mm and degrees.

export function distance(grid, a, b) {
  return Math.hypot(...a.map((v, axis) => (v - b[axis]) * grid.spacing[axis]))
}

// The angle at `corner` between the ways to `a` and `b`.
export function angle(grid, a, corner, b) {
  const [p, q] = [a, b].map((end) => end.map((v, axis) => (v - corner[axis]) * grid.spacing[axis]))
  const dot = p.reduce((sum, v, axis) => sum + v * q[axis], 0)
  const lengths = Math.hypot(...p) * Math.hypot(...q)
  return lengths ? (Math.acos(Math.min(1, Math.max(-1, dot / lengths))) * 180) / Math.PI : 0
}

export function measureText(grid, points) {
  if (points.length === 3) return `${angle(grid, points[0], points[1], points[2]).toFixed(0)}°`
  return points.length === 2 ? `${distance(grid, points[0], points[1]).toFixed(1)} mm` : ''
}
