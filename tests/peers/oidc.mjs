// oidc-provider (an OpenID provider by others, certified) with one client and its own sign-in form, where any name is somebody;
// usage: node oidc.mjs PORT CLIENT SECRET REDIRECT AFTER
import { Provider } from 'oidc-provider';

const [port, clientId, secret, redirect, after] = process.argv.slice(2);
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{
    client_id: clientId,
    client_secret: secret,
    redirect_uris: [redirect],
    post_logout_redirect_uris: [after],
  }],
  claims: { openid: ['sub'], profile: ['preferred_username'] },
  cookies: { keys: ['a key of the tests'] },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: `id of ${id}`, preferred_username: id === 'nameless' ? undefined : id }),
  }),
});
provider.listen(Number(port), '127.0.0.1', () => console.log('ready'));
