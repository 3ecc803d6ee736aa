// Before anything is touched: is what notes needs in .env?
if (!/^[1-9]\d{0,4}$/.test(process.env.NOTES_PORT ?? '')) {
  console.error('NOTES_PORT is missing in .env, or is no port');
  process.exit(1);
}
