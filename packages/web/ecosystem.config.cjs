// What pm2 runs for web. Environment comes from the host's .env.
module.exports = {
  apps: [{ name: 'web', script: 'server.ts', cwd: __dirname, kill_timeout: 3000 }],
};
