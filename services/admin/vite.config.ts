import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

const dist = join(import.meta.dirname, 'dist');

/** Builds the pages of the dashboard into dist/, which the admin service serves under /admin/. */
export default defineConfig({
  root: join(import.meta.dirname, 'web'),
  base: '/admin/',
  plugins: [react(), compressed()],
  build: { outDir: dist, emptyOutDir: true, target: 'es2022', sourcemap: false },
});

/** Writes each file again as it is sent, so that no request waits for the compression. */
function compressed(): Plugin {
  return {
    name: 'compressed',
    apply: 'build',
    // Not when the build fails: its own error is the one to be read.
    writeBundle: () => {
      for (const name of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
        if (!/\.(html|js|css|svg)$/.test(name)) continue;
        const file = join(dist, name);
        const bytes = readFileSync(file);
        writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }));
        writeFileSync(`${file}.br`, brotliCompressSync(bytes));
      }
    },
  };
}
