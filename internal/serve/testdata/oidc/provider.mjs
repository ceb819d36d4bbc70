// A certified OpenID provider (npm: oidc-provider) on this machine, for one test.
//   node provider.mjs PORT ORIGIN-OF-THE-SERVICE
// Whoever signs in as NAME is NAME@example.org in the group that starts with the
// same letter. Its pages are the package's own for development.
import { createServer } from 'node:http';
const { Provider } = await import('oidc-provider');
const [port, service] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const groups = { a: ['product'], o: ['owners'], b: ['builders'] };
const provider = new Provider(issuer, {
  clients: [{
    client_id: 'roleos-test', client_secret: 'sample secret/with + signs', redirect_uris: [`${service}/signin/callback`],
    post_logout_redirect_uris: [`${service}/signin`], response_types: ['code'], grant_types: ['authorization_code'],
    backchannel_logout_uri: `${service}/signin/ended`, backchannel_logout_session_required: true,
  }],
  fetch: (url, options) => fetch(url, { ...options, dispatcher: undefined }), // its own refuses this machine
  pkce: { required: () => true },
  scopes: ['openid', 'email', 'profile', 'groups'],
  claims: { openid: ['sub'], email: ['email', 'email_verified'], groups: ['groups'] },
  features: { backchannelLogout: { enabled: true }, rpInitiatedLogout: { enabled: true } },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, email: `${id}@example.org`, email_verified: true, groups: groups[id[0]] ?? ['staff'] }),
  }),
});
provider.on('backchannel.error', (_, e) => console.error(`back channel: ${e.message} ${e.cause?.message ?? ''}`));
createServer(provider.callback()).listen(Number(port), '127.0.0.1', () => console.log('ready'));
