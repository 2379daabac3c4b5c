// The ordinary life of an app on the official Node packages: @slack/bolt over Socket Mode or HTTP, @slack/web-api, @slack/socket-mode.
// Called as: node life.cjs <folder with node_modules> bolt|http|socket, with the workspace's facts as JSON on standard input.
'use strict';
const { createRequire } = require('node:module');
const { join } = require('node:path');
const { readFileSync } = require('node:fs');

const need = createRequire(join(process.argv[2], 'package.json'));
const facts = JSON.parse(readFileSync(0, 'utf8'));
const say = (line) => process.stdout.write(`${line}\n`);
const plain = (text) => ({ type: 'plain_text', text });

function card() {
  const approve = { type: 'button', action_id: 'approve', text: plain('Approve'), value: 'run-1' };
  return [
    { type: 'section', text: { type: 'mrkdwn', text: 'Roll back *checkout*?' } },
    { type: 'actions', elements: [approve] },
  ];
}

function form(channel) {
  const element = { type: 'plain_text_input', action_id: 'text' };
  return {
    type: 'modal',
    callback_id: 'why',
    private_metadata: channel,
    title: plain('Why roll back?'),
    submit: plain('Ask'),
    blocks: [{ type: 'input', block_id: 'reason', label: plain('Reason'), element }],
  };
}

function listen(app) {
  app.command('/rollback', async ({ ack, body, client }) => {
    await ack(`Rolling back ${body.text}`);
    await client.views.open({ trigger_id: body.trigger_id, view: form(body.channel_id) });
  });
  app.view('why', async ({ ack, view, client }) => {
    const reason = view.state.values.reason.text.value;
    if (reason === 'because') {
      await ack({ response_action: 'errors', errors: { reason: 'That is no reason' } });
      return;
    }
    await ack();
    await client.chat.postMessage({ channel: view.private_metadata, text: `Roll back? ${reason}`, blocks: card() });
  });
  app.action('approve', async ({ ack, body, say: reply }) => {
    await ack();
    await reply({ text: `${body.actions[0].value} approved`, thread_ts: body.message.ts });
  });
  app.message('ping', async ({ message, say: reply }) => {
    await reply({ text: 'pong', thread_ts: message.ts });
  });
  app.message('plot', async ({ message, client }) => {
    const content = Buffer.from('p99,12\n');
    await client.files.uploadV2({ channel_id: message.channel, file: content, filename: 'p99.csv', title: 'p99' });
  });
}

async function bolt(http) {
  const { App } = need('@slack/bolt');
  const common = { token: facts.bot_token, clientOptions: { slackApiUrl: facts.base_url } };
  const receiver = http ? { signingSecret: facts.signing_secret } : { socketMode: true, appToken: facts.app_token };
  const app = new App({ ...common, ...receiver });
  listen(app);
  const server = await app.start(http ? { port: 0, host: '127.0.0.1' } : undefined);
  say(http ? `ready http://127.0.0.1:${server.address().port}/slack/events` : 'ready');
}

async function socket() {
  const { SocketModeClient } = need('@slack/socket-mode');
  const { WebClient } = need('@slack/web-api');
  const web = new WebClient(facts.bot_token, { slackApiUrl: facts.base_url });
  const client = new SocketModeClient({ appToken: facts.app_token, clientOptions: { slackApiUrl: facts.base_url } });
  client.on('message', async ({ event, ack }) => {
    await ack();
    if (event.bot_id === undefined) {
      await web.chat.postMessage({ channel: event.channel, text: `heard ${event.text}` });
    }
  });
  await client.start();
  say('ready');
}

const lives = { bolt: () => bolt(false), http: () => bolt(true), socket };
lives[process.argv[3]]();
