/** A token as an OIDC provider makes it, but for the signature. */
export function tokenOf(subject: string, issued = 0): string {
  const bytes = new TextEncoder().encode(JSON.stringify({ sub: subject, iat: issued, shop: '???>>>' }))
  const claims = btoa(String.fromCharCode(...bytes))
  return `e30.${claims.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')}.signature`
}
