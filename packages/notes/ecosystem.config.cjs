// What pm2 runs for notes. Environment comes from the host's .env.
module.exports = {
  apps: [{ name: 'notes', script: 'server.ts', cwd: __dirname, kill_timeout: 3000 }],
};
