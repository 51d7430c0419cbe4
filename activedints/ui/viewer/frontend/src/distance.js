// Exact Euclidean distance in mm to the nearest marked voxel of a small box (Felzenszwalb & Huttenlocher 2012).

// mask: bytes of a box of `shape`; spacing in mm. Returns squared distances (Infinity where nothing is marked).
export function squaredDistance(mask, shape, spacing) {
  const field = new Float64Array(mask.length)
  for (let i = 0; i < mask.length; i++) field[i] = mask[i] ? 0 : Infinity
  const longest = Math.max(...shape)
  const line = new Float64Array(longest)
  const corners = new Int32Array(longest)
  const bounds = new Float64Array(longest + 1)
  const strides = [1, shape[0], shape[0] * shape[1]]
  for (let axis = 0; axis < 3; axis++) {
    if (shape[axis] === 1) continue
    const [a, b] = [0, 1, 2].filter((other) => other !== axis)
    for (let j = 0; j < shape[b]; j++) {
      for (let i = 0; i < shape[a]; i++) {
        envelope(field, i * strides[a] + j * strides[b], strides[axis], shape[axis], spacing[axis], line, corners, bounds)
      }
    }
  }
  return field
}

// One line: the lower envelope of parabolas rooted at its finite values.
function envelope(field, start, stride, count, step, line, corners, bounds) {
  let last = -1
  for (let q = 0; q < count; q++) {
    line[q] = field[start + q * stride]
    if (line[q] === Infinity) continue
    let meet = -Infinity
    while (last >= 0) {
      const p = corners[last]
      meet = (line[q] - line[p] + step * step * (q * q - p * p)) / (2 * step * step * (q - p))
      if (meet > bounds[last]) break
      last--
    }
    last++
    corners[last] = q
    bounds[last] = last ? meet : -Infinity
  }
  if (last < 0) return
  for (let q = 0, k = 0; q < count; q++) {
    while (k < last && bounds[k + 1] < q) k++
    const away = (q - corners[k]) * step
    field[start + q * stride] = away * away + line[corners[k]]
  }
}
