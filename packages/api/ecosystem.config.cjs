// What pm2 runs for api. Environment comes from the host's .env.
module.exports = {
  apps: [{ name: 'api', script: 'server.ts', cwd: __dirname, kill_timeout: 3000 }],
};
