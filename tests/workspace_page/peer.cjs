// What does slack-blocks-to-jsx make of these blocks? Reads [[block, …], …] and names from stdin, writes [html, …].
const { createRequire } = require("node:module");
const need = createRequire(`${process.argv[2]}/package.json`);
const { createElement } = need("react");
const { renderToStaticMarkup } = need("react-dom/server");
const { Message } = need("slack-blocks-to-jsx");

let input = "";
process.stdin.on("data", (chunk) => (input += chunk));
process.stdin.on("end", () => {
  const { messages, users, channels } = JSON.parse(input);
  const html = messages.map((blocks) =>
    renderToStaticMarkup(createElement(Message, { blocks, name: "", logo: "", theme: "light", withoutWrapper: true, data: { users, channels } })),
  );
  process.stdout.write(JSON.stringify(html));
});
