// Verifies tokens with jose as a stranger's service would, by the JWKS alone.
// In: {"jwks": url, "issuer", "audience", "tokens": {name: token}}. Out: {name: "sub=..." or jose's error code}.
import { text } from 'node:stream/consumers'
import { createRemoteJWKSet, jwtVerify } from 'jose'

const { jwks, issuer, audience, tokens } = JSON.parse(await text(process.stdin))
const keys = createRemoteJWKSet(new URL(jwks))
const answers = {}
for (const [name, token] of Object.entries(tokens)) {
  try {
    const { payload } = await jwtVerify(token, keys, { issuer, audience, algorithms: ['EdDSA'], clockTolerance: 5 })
    answers[name] = `sub=${payload.sub} role=${payload.role}`
  } catch (error) {
    answers[name] = error.claim ? `${error.code} ${error.claim}` : error.code
  }
}
console.log(JSON.stringify(answers))
