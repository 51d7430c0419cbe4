// Bundles the viewer into build/viewer-HASH.js with the licences of all that is in it. Same lock, same bytes: check.sh
// builds once more and compares. `node build.mjs [FOLDER]`
import { build } from 'esbuild'
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const here = import.meta.dirname
const out = join(here, process.argv[2] ?? 'build')
mkdirSync(out, { recursive: true })
for (const file of readdirSync(out)) if (file.startsWith('viewer-')) rmSync(join(out, file))

// NiiVue embeds a material-capture picture of unstated origin, for a shading that this viewer does not use
const plain = 'data:image/gif;base64,R0lGODlhAQABAIAAAP///wAAACH5BAAAAAAALAAAAAABAAEAAAICRAEAOw=='
const withoutMatcap = {
  name: 'without-matcap',
  setup: (step) =>
    step.onLoad({ filter: /niivue[/]build[/]niivue[/]index\.js$/ }, ({ path }) => {
      const text = readFileSync(path, 'utf8')
      const contents = text.replace(/data:image\/jpeg;base64,[A-Za-z0-9+/=]+/, plain)
      if (contents === text) throw new Error('NiiVue holds no JPEG any more: drop this step, and read its licences again.')
      return { contents, loader: 'js' }
    }),
}

const { metafile } = await build({
  absWorkingDir: here,
  entryPoints: { viewer: 'src/main.js' },
  outdir: out,
  entryNames: '[name]-[hash]',
  bundle: true,
  metafile: true,
  format: 'esm',
  minify: true,
  target: 'es2022',
  charset: 'utf8',
  legalComments: 'none', // they stand in THIRD_PARTY_NOTICES.txt
  loader: { '.css': 'text' },
  plugins: [withoutMatcap],
  // codecs of a file format (zarr) that never reaches this viewer: 1.4 MB
  alias: { 'numcodecs/blosc': './src/absent.js', 'numcodecs/zstd': './src/absent.js', 'numcodecs/lz4': './src/absent.js' },
})

const inputs = Object.keys(Object.values(metafile.outputs)[0].inputs)
const packages = new Set(inputs.map((path) => path.match(/node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[1]).filter(Boolean))
const notices = [...packages].sort().map((name) => {
  const folder = join(here, 'node_modules', name)
  const { version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const own = readdirSync(folder).find((file) => /^licen[cs]e/i.test(file))
  const kept = join(here, 'licences', `${name.split('/').pop()}.txt`)
  if (!own && !existsSync(kept)) throw new Error(`${name} brings no licence text: put it into ${kept}.`)
  const text = readFileSync(own ? join(folder, own) : kept, 'utf8').trim()
  return `${'='.repeat(80)}\n${name} ${version} (${license})\n${'='.repeat(80)}\n\n${text}\n`
})
const head = 'The viewer bundle holds parts of these packages, each under its own licence.\n'
writeFileSync(join(out, 'THIRD_PARTY_NOTICES.txt'), [head, ...notices].join('\n'))
