// Before anything is touched: is what api needs in .env?
const missing = ['API_PORT', 'NOTES_PORT'].filter((name) => !/^[1-9]\d{0,4}$/.test(process.env[name] ?? ''));
if (missing.length > 0) {
  console.error(`${missing.join(' and ')}: missing in .env, or no port; packages/api/tpl.env shows what api needs`);
  process.exit(1);
}

export {};
