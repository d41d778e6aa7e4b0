import { createDebianRoot } from '#tools/image-root.ts'
import type { Recipe } from './recipe.ts'

const CONFIG = `user root;
daemon off;
worker_processes 2;
pid /run/nginx.pid;
error_log /dev/stderr notice;
events { worker_connections 1024; }
http {
  include /etc/nginx/mime.types;
  default_type application/octet-stream;
  access_log /dev/stdout;
  sendfile on;
  server {
    listen 80 default_server;
    listen [::]:80 default_server;
    location / {
      root /usr/share/nginx/html;
      index index.html;
    }
  }
}
`

/** Debian's nginx with its welcome page, where the official image has it: port 80, log on stdout. */
export const nginx: Recipe = {
  name: 'library/nginx', // docker.io/library/nginx:latest is what `--image=nginx:latest` means
  tag: 'latest',
  inputs: [CONFIG],
  config: { entrypoint: ['/usr/sbin/nginx'], cmd: [] },
  makeRoot: async () => {
    const root = await createDebianRoot('nginx', ['nginx', 'nginx-common'])
    root.write('/etc/nginx/nginx.conf', CONFIG)
    root.write('/var/log/nginx/.keep', '')
    root.write('/var/lib/nginx/.keep', '')
    return root
  },
}
