// Opens pages in a headless Chromium without network, and tells as JSON what axe-core and the network saw.
// node axe.cjs CHROMIUM PAGE… ; VIGIE_AXE is a folder whose node_modules holds playwright-core and axe-core.
const { createRequire } = require("node:module");
const path = require("node:path");
const { pathToFileURL } = require("node:url");

const from = createRequire(path.join(process.env.VIGIE_AXE, "package.json"));
const { chromium } = from("playwright-core");

async function main([executablePath, ...pages]) {
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
  const seen = [];
  for (const file of pages) {
    for (const width of [1200, 390]) {
      const context = await browser.newContext({ offline: true, bypassCSP: true, viewport: { width, height: 900 } });
      const page = await context.newPage();
      const requests = [];
      const complaints = [];
      page.on("request", (request) => requests.push(request.url()));
      page.on("console", (message) => complaints.push(message.text()));
      const address = pathToFileURL(file).href;
      await page.goto(address);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      await page.evaluate(() => document.querySelectorAll("details").forEach((one) => (one.open = true)));
      await page.addScriptTag({ path: from.resolve("axe-core") });
      const found = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
      seen.push({
        file,
        width,
        overflow,
        complaints,
        requests: requests.filter((one) => one !== address),
        rules: found.passes.length,
        violations: found.violations.map(({ id, impact, help, nodes }) => ({
          id,
          impact,
          help,
          count: nodes.length,
          first: nodes[0].html.slice(0, 300),
        })),
      });
      await context.close();
    }
  }
  await browser.close();
  process.stdout.write(JSON.stringify(seen));
}

main(process.argv.slice(2)).catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
