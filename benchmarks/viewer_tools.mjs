// Milliseconds of the viewer's tools at 240 x 240 x 155, medians of five: one JSON object on stdout.
import { sweep } from '../activedints/ui/viewer/frontend/src/brush.js'
import { Drawing } from '../activedints/ui/viewer/frontend/src/drawing.js'
import { Grid } from '../activedints/ui/viewer/frontend/src/grid.js'
import { fillBetween, regionGrow } from '../activedints/ui/viewer/frontend/src/propose.js'
import { fillHoles, grow, islands, smooth } from '../activedints/ui/viewer/frontend/src/shape.js'

const grid = new Grid([240, 240, 155], [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
const ball = (radius) => {
  const voxels = new Uint8Array(grid.size)
  for (let i = 0; i < grid.size; i++) {
    const [x, y, z] = grid.voxel(i)
    if (Math.hypot(x - 120, y - 120, z - 77) < radius) voxels[i] = 1
  }
  return voxels
}
const tumour = ball(35)
const image = Int16Array.from(ball(60), (v) => 900 * v)
const gaps = tumour.map((v, i) => (grid.voxel(i)[2] % 6 === 0 ? v : 0))
const drawing = new Drawing(grid, new Uint8Array(grid.size))
let step = 0

function median(run) {
  const times = Array.from({ length: 5 }, () => {
    const start = performance.now()
    run()
    return performance.now() - start
  })
  return times.sort((a, b) => a - b)[2]
}

const options = { diameter: 15, round: true, plane: null }
console.log(
  JSON.stringify({
    brush: median(() => {
      const stroke = drawing.begin(1 + (step++ % 3), {})
      sweep(grid, options, [100 + 5 * step, 100, 70], [110 + 5 * step, 104, 70], stroke.visit)
      stroke.end()
    }),
    'region-grow': median(() => regionGrow(grid, image, [120, 120, 77], { tolerance: 100, reach: 80 })),
    'fill-between': median(() => fillBetween(grid, gaps, 1, 'axial')),
    islands: median(() => islands(grid, tumour, 1)),
    'fill-holes': median(() => fillHoles(grid, tumour, 1)),
    'grow-one-voxel': median(() => grow(grid, tumour, 1, 1)),
    smooth: median(() => smooth(grid, tumour, 1, 1)),
  }),
)
