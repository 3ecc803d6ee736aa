// Before anything is touched: is what web needs in .env?
const missing = ['WEB_PORT', 'API_PORT'].filter((name) => !/^[1-9]\d{0,4}$/.test(process.env[name] ?? ''));
if (missing.length > 0) {
  console.error(`${missing.join(' and ')}: missing in .env, or no port; packages/web/tpl.env shows what web needs`);
  process.exit(1);
}

export {};
