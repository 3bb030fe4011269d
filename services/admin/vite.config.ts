import { join } from 'node:path';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** Builds the pages of the dashboard into dist/, which the admin service serves under /admin/. */
export default defineConfig({
  root: join(import.meta.dirname, 'web'),
  base: '/admin/',
  plugins: [react()],
  build: { outDir: join(import.meta.dirname, 'dist'), emptyOutDir: true, target: 'es2022', sourcemap: false },
});
