// Fails when src/client is not what `npm run generate` makes of openapi.json.
import { createClient } from '@hey-api/openapi-ts'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import config from '../openapi-ts.config.ts'

const kept = join(import.meta.dirname, '../src/client')
const fresh = await mkdtemp(join(tmpdir(), 'carousel-client-'))

async function contents(folder: string): Promise<Map<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  return new Map(
    await Promise.all(
      files.map(async (file): Promise<[string, string]> => [
        file.slice(folder.length + 1),
        await readFile(file, 'utf8'),
      ]),
    ),
  )
}

try {
  const settings = await config
  if (Array.isArray(settings) || typeof settings.output !== 'object' || Array.isArray(settings.output)) {
    throw new Error('openapi-ts.config.ts: expected one configuration with one output')
  }
  await createClient({ ...settings, output: { ...settings.output, path: fresh }, logs: { level: 'silent' } })
  const [expected, actual] = await Promise.all([contents(fresh), contents(kept)])
  const names = new Set([...expected.keys(), ...actual.keys()])
  const stale = [...names].filter((name) => expected.get(name) !== actual.get(name))
  if (stale.length > 0) {
    console.error(`src/client differs from openapi.json in ${stale.join(', ')}: run \`npm run generate\``)
    process.exitCode = 1
  }
} finally {
  await rm(fresh, { recursive: true })
}
