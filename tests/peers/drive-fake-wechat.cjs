// Drives the fake of WeChat's API with co-wechat-api, a client that we did not write, and prints what it got as JSON.
// node drive-fake-wechat.cjs ADDRESS APP_ID SECRET OPENID TEMPLATE MEDIA_ID
'use strict';

const API = require('co-wechat-api');

const [address, appId, secret, openid, template, mediaId] = process.argv.slice(2);
const api = new API(appId, secret);
api.prefix = `${address}/cgi-bin/`;

const menu = {
  button: [
    { name: '办事咨询', sub_button: [{ type: 'click', name: '用水报装', key: 'ask.water' }] },
    { type: 'click', name: '转人工', key: 'human' },
  ],
};

async function outcome(attempt) {
  try {
    return await attempt();
  } catch (error) {
    return { code: error.code ?? null, message: error.message };
  }
}

async function drive() {
  const got = {};
  got.text = await outcome(() => api.sendText(openid, '您好，您的投诉已受理 😀 "引号" \\u4e2d'));
  got.stranger = await outcome(() => api.sendText('nobody', '您好'));
  got.long = await outcome(() => api.sendText(openid, '长'.repeat(683)));
  got.template = await outcome(() =>
    api.sendTemplate(openid, template, '', '', { number: { value: 'PDS-20261123-0001' } }));
  const notice = (to, id, data) => outcome(() => api.sendTemplate(to, id, '', '', data));
  got.notices = [
    await notice('nobody', template, {}),
    await notice(openid, 'gone', {}),
    await notice(openid, template, { phrase2: { value: '超过五个字的状态' } }),
  ].map((answer) => answer.code);
  got.noMenu = await outcome(() => api.getMenu());
  got.created = await outcome(() => api.createMenu(menu));
  got.menu = await outcome(() => api.getMenu());
  got.removed = await outcome(() => api.removeMenu());
  got.ip = await outcome(() => api.getIp());
  const media = await outcome(() => api.getMedia(mediaId));
  got.media = Buffer.isBuffer(media) ? media.toString('hex') : media;
  got.noMedia = await outcome(() => api.getMedia('gone'));
  const texts = [];
  for (let number = 2; number <= 6; number += 1) {
    texts.push(await outcome(() => api.sendText(openid, `第 ${number} 条`)));
  }
  got.quota = texts.map((answer) => answer.errcode ?? answer.code);
  process.stdout.write(JSON.stringify(got));
}

drive().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
