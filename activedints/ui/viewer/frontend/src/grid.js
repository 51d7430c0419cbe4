// The voxel grid, RAS+: x grows to the Right, y to Anterior, z to Superior. Voxel (x, y, z) lies at x + nx (y + ny z).
// Python turns every file to these axes, so nothing in the browser knows of any other orientation.

export const PLANES = {
  axial: { normal: 2, across: 0, up: 1, ends: ['L', 'R', 'P', 'A'] },
  coronal: { normal: 1, across: 0, up: 2, ends: ['L', 'R', 'I', 'S'] },
  sagittal: { normal: 0, across: 1, up: 2, ends: ['P', 'A', 'I', 'S'] },
}

export class Grid {
  constructor(shape, affine) {
    this.shape = shape
    this.affine = affine
    this.spacing = [0, 1, 2].map((axis) => Math.hypot(affine[0][axis], affine[1][axis], affine[2][axis]))
    this.size = shape[0] * shape[1] * shape[2]
    this.strides = [1, shape[0], shape[0] * shape[1]]
    this.millilitres = Math.abs(determinant(affine)) / 1000
  }

  index(voxel) {
    return voxel[0] + this.shape[0] * (voxel[1] + this.shape[1] * voxel[2])
  }

  voxel(index) {
    const [nx, ny] = this.shape
    return [index % nx, Math.floor(index / nx) % ny, Math.floor(index / (nx * ny))]
  }

  contains(voxel) {
    return voxel.every((v, axis) => v >= 0 && v < this.shape[axis])
  }

  clamp(voxel) {
    return voxel.map((v, axis) => Math.min(Math.max(Math.round(v), 0), this.shape[axis] - 1))
  }

  // Centre of a voxel in mm (RAS).
  mm(voxel) {
    return this.affine.slice(0, 3).map((row) => row[0] * voxel[0] + row[1] * voxel[1] + row[2] * voxel[2] + row[3])
  }

  // Voxel coordinates of a point in mm, by Cramer's rule on the affine's 3 x 3 part.
  fromMm(mm) {
    const whole = determinant(this.affine)
    const rest = mm.map((v, row) => v - this.affine[row][3])
    return [0, 1, 2].map((axis) => {
      const swapped = this.affine.slice(0, 3).map((row, r) => row.slice(0, 3).map((v, c) => (c === axis ? rest[r] : v)))
      return determinant(swapped) / whole
    })
  }
}

function determinant(m) {
  return (
    m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) -
    m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0]) +
    m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0])
  )
}

const MARGIN = 0.95 // of a pane, so that the letters at its edges stand free

// Where one slice lies on a pane of width x height pixels. Edge coordinates run from 0 to n: voxel i fills [i, i + 1).
// In the radiological convention the patient's right is on the screen's left (axial and coronal).
export class Placement {
  constructor(grid, plane, width, height, { zoom = 1, centre = null, radiological = true } = {}) {
    const { across, up } = PLANES[plane]
    this.mirrored = radiological && across === 0
    this.counts = [grid.shape[across], grid.shape[up]]
    const sizes = [grid.spacing[across], grid.spacing[up]]
    const fit = Math.min(width / (this.counts[0] * sizes[0]), height / (this.counts[1] * sizes[1]))
    this.scale = fit * zoom * MARGIN // pixels per mm
    this.step = [sizes[0] * this.scale * (this.mirrored ? -1 : 1), -sizes[1] * this.scale]
    this.centre = centre ?? [this.counts[0] / 2, this.counts[1] / 2]
    this.middle = [width / 2, height / 2]
  }

  toScreen(u, v) {
    return [
      this.middle[0] + (u - this.centre[0]) * this.step[0],
      this.middle[1] + (v - this.centre[1]) * this.step[1],
    ]
  }

  toEdge(x, y) {
    return [
      this.centre[0] + (x - this.middle[0]) / this.step[0],
      this.centre[1] + (y - this.middle[1]) / this.step[1],
    ]
  }

  // Screen rectangle of the whole slice: left, top, width, height.
  rectangle() {
    const [x0, y0] = this.toScreen(this.mirrored ? this.counts[0] : 0, this.counts[1])
    return [x0, y0, this.counts[0] * Math.abs(this.step[0]), this.counts[1] * Math.abs(this.step[1])]
  }
}

// A point of a pane as a voxel position (centres at whole numbers), the third coordinate being the slice.
export function positionAt(placement, plane, slice, x, y) {
  const { normal, across, up } = PLANES[plane]
  const [u, v] = placement.toEdge(x, y)
  const position = [0, 0, 0]
  position[normal] = slice
  position[across] = u - 0.5
  position[up] = v - 0.5
  return position
}
