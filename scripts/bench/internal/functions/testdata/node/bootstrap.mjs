// A token authorizer with jose, and a small client of the Runtime API, which is less work
// than AWS's own: what is measured is Node and jose.
import http from 'node:http'
import { jwtVerify } from 'jose'

const secret = Buffer.from(process.env.JWT_SECRET)
const [hostname, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(':')
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })

const call = (method, path, body) => new Promise((resolve, reject) => {
  const request = http.request({ hostname, port, method, agent, path: '/2018-06-01/runtime/invocation/' + path }, response => {
    let text = ''
    response.setEncoding('utf8')
    response.on('data', chunk => { text += chunk })
    response.on('end', () => resolve({ id: response.headers['lambda-runtime-aws-request-id'], text }))
  })
  request.on('error', reject)
  request.end(body)
})

const handle = async event => {
  const [scheme, token] = event.identitySource[0].split(' ')
  try {
    const { payload } = await jwtVerify(token, secret, { algorithms: ['HS256'], requiredClaims: ['exp', 'sub'] })
    return { isAuthorized: scheme === 'Bearer', context: { subject: payload.sub } }
  } catch {
    return { isAuthorized: false }
  }
}

for (;;) {
  const { id, text } = await call('GET', 'next')
  await call('POST', id + '/response', JSON.stringify(await handle(JSON.parse(text))))
}
