// The least that an authorizer, a reader and a writer of events do in Node. With an
// address in DYNAMODB events are there, through AWS's own SDK, as those of the functions
// in Go; without one they are in this process.
const { createHmac, timingSafeEqual, randomUUID } = require('node:crypto')

const secret = Buffer.from(process.env.SECRET)
const answer = (statusCode, body) => ({ statusCode, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })

const inMemory = () => {
  const items = new Map()
  return { get: async id => items.get(id), put: async item => { items.set(item.id, item) } }
}
const inDynamoDB = endpoint => {
  const { DynamoDBClient, CreateTableCommand, GetItemCommand, PutItemCommand } = require('@aws-sdk/client-dynamodb')
  const client = new DynamoDBClient({ endpoint, region: 'eu-central-1', credentials: { accessKeyId: 'x', secretAccessKey: 'y' } })
  const created = client.send(new CreateTableCommand({
    TableName: 'peer', BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }], KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }]
  })).catch(error => { if (error.name !== 'ResourceInUseException') throw error })
  return {
    get: async id => {
      await created
      return (await client.send(new GetItemCommand({ TableName: 'peer', Key: { pk: { S: id } } }))).Item
    },
    put: async item => {
      await created
      await client.send(new PutItemCommand({
        TableName: 'peer', ConditionExpression: 'attribute_not_exists(pk)',
        Item: { pk: { S: item.id }, name: { S: item.name }, createdAt: { S: item.createdAt }, createdBy: { S: String(item.createdBy) } }
      }))
    }
  }
}
const store = process.env.DYNAMODB ? inDynamoDB(process.env.DYNAMODB) : inMemory()

exports.authorizer = async event => {
  const [header, payload, signature] = (event.identitySource[0] || '').replace(/^Bearer /i, '').split('.')
  const want = createHmac('sha256', secret).update(header + '.' + payload).digest()
  const got = Buffer.from(signature || '', 'base64url')
  if (got.length !== want.length || !timingSafeEqual(got, want)) return { isAuthorized: false }
  if (JSON.parse(Buffer.from(header, 'base64url')).alg !== 'HS256') return { isAuthorized: false }
  const claims = JSON.parse(Buffer.from(payload, 'base64url'))
  if (!(claims.exp > Date.now() / 1000)) return { isAuthorized: false }
  return { isAuthorized: true, context: { subject: claims.sub } }
}
exports.getEvent = async event => {
  const item = await store.get(event.pathParameters.id)
  return item ? answer(200, item) : answer(404, { error: 'not found' })
}
exports.createEvent = async event => {
  const { name } = JSON.parse(event.body)
  if (typeof name !== 'string') return answer(400, { error: 'name' })
  const item = { id: randomUUID(), name, createdAt: new Date().toISOString(), createdBy: event.requestContext.authorizer?.lambda?.subject }
  await store.put(item)
  return answer(201, item)
}
