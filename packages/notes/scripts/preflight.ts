// Before anything is touched: is what notes needs in .env?
const port = Number(process.env.NOTES_PORT);
if (!Number.isInteger(port) || port < 1 || port > 65535) {
  console.error('NOTES_PORT is missing in .env, or is no port; packages/notes/tpl.env shows what notes needs');
  process.exit(1);
}
