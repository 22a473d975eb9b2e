// telegram-test-api (a fake Bot API by others) with what a real client needs beyond it; usage: node telegram-front.cjs PORT TOKEN
// Repaired here: getMe without is_bot, dates in milliseconds, messages that echo the request's fields, callbacks without chat_instance, results that are null,
// no secret header on pushes, no waiting in getUpdates, methods that it does not have.
// Added under /front: a person's side (through its own TelegramClient) and the calls that the bot made.
'use strict';

const express = require('express');
const axios = require('axios');
const TelegramServer = require('telegram-test-api');

const [port, token] = [Number(process.argv[2]), process.argv[3]];
const fake = new TelegramServer({ port, host: '127.0.0.1', storeTimeout: 600 });
const calls = [];
const pushes = [];

axios.interceptors.request.use((config) => {
  const hook = Object.values(fake.webhooks).find(({ url }) => url === config.url);
  if (hook && hook.secret_token) config.headers['X-Telegram-Bot-Api-Secret-Token'] = hook.secret_token;
  return config;
});

const format = TelegramServer.formatUpdate;
TelegramServer.formatUpdate = (update) => {
  const made = format(update);
  if (made.callback_query) made.callback_query.chat_instance = '1';
  return made;
};

const push = fake.addUserUpdate.bind(fake);
fake.addUserUpdate = async (update) => {
  try {
    await push(update);
    pushes.push(200);
  } catch (error) {
    pushes.push(error.response ? error.response.status : String(error));
  }
};

function repaired(method, answer) {
  if (method === 'getMe') answer.result = { ...answer.result, is_bot: true };
  if (method === 'sendMessage') {
    const { message_id, date, chat, text, reply_markup } = answer.result;
    answer.result = { message_id, date: Math.floor(date / 1000), chat, text, reply_markup };
  }
  if (answer.ok && answer.result === null) answer.result = true;
  return answer;
}

const front = express();
front.use(express.json(), express.urlencoded({ extended: true }));

front.all(`/bot${token}/:method`, (req, res, next) => {
  const { method } = req.params;
  calls.push({ method, ...req.body });
  const json = res.json.bind(res);
  res.json = (answer) => json(repaired(method, answer));
  if (['sendChatAction', 'setMyCommands'].includes(method)) return res.json({ ok: true, result: true });
  if (method === 'getUpdates') return waited(res, 20);
  return next();
});

async function waited(res, tries) {
  let result = fake.getUpdates(token);
  for (let n = 0; n < tries && !result.length; n += 1) {
    await new Promise((resolve) => { setTimeout(resolve, 25); });
    result = fake.getUpdates(token);
  }
  res.json({ ok: true, result });
}

front.get('/front', (_req, res) => res.json({ calls, pushes, webhooks: fake.webhooks }));
front.post('/front', async (req, res) => {
  const { chat, text, command, press } = req.body;
  const person = fake.getClient(token, { userId: chat, chatId: chat, timeout: 5000 });
  if (text) await person.sendMessage(person.makeMessage(text));
  if (command) await person.sendCommand(person.makeCommand(command));
  if (press) await person.sendCallback(person.makeCallbackQuery(press));
  res.json({ ok: true });
});

front.use(fake.webServer);
front.listen(port, '127.0.0.1', () => console.log('listening'));
