import { ServiceMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor'
import { readConfig } from '@viatra-chat/runtime'
import { testSecret } from '@viatra-chat/testkit'
import { Deployment } from 'kubernetes-models/apps/v1/Deployment'
import { HorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler'
import { Job } from 'kubernetes-models/batch/v1/Job'
import { Ingress } from 'kubernetes-models/networking.k8s.io/v1/Ingress'
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy'
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget'
import { ConfigMap } from 'kubernetes-models/v1/ConfigMap'
import { Service } from 'kubernetes-models/v1/Service'
import { describe, expect, test } from 'vitest'
import { readImages } from './dockerfiles.js'
import { readValues, renderChart, type Manifest, type Values } from './render-chart.js'

const models: Record<string, new (data: never) => { validate(): void }> = {
  ConfigMap,
  Deployment,
  HorizontalPodAutoscaler,
  Ingress,
  Job,
  NetworkPolicy,
  PodDisruptionBudget,
  Service,
  ServiceMonitor,
}

const values = await readValues()
const everythingOn = withOptions(values, { api: 'latency', gateway: 'connections' })
const manifests = await renderChart('viatra-chat', everythingOn)
const images = await readImages()

test.each(manifests.map((manifest) => [`${manifest.kind} ${manifest.metadata.name}`, manifest] as const))(
  '%s is what Kubernetes takes',
  (_name, manifest) => {
    const Model = models[manifest.kind]
    if (!Model) throw new Error(`${manifest.kind} is not known here`)
    expect(() => new Model(manifest as never).validate()).not.toThrow()
  },
)

test('a manifest with a mistake is not taken', () => {
  const deployment = structuredClone(objectOf('Deployment', 'viatra-chat-api'))
  Object.assign(deployment.spec ?? {}, { replicas: 'two' })
  expect(() => new Deployment(deployment as never).validate()).toThrow('replicas')
})

test('what is switched off is not there', async () => {
  const off = { enabled: false }
  const rendered = await renderChart('chat', { ...values, ingress: off, networkPolicy: off, serviceMonitor: off })
  const kinds = rendered.map(({ kind }) => kind)
  for (const kind of ['Ingress', 'NetworkPolicy', 'ServiceMonitor']) expect(kinds).not.toContain(kind)
  expect(JSON.stringify(rendered)).not.toContain('"type":"Pods","pods"')
})

describe.each(['api', 'gateway'] as const)('the pods of the %s', (name) => {
  const { spec: pod } = (objectOf('Deployment', `viatra-chat-${name}`).spec as { template: { spec: PodSpec } }).template
  const [container] = pod.containers
  if (!container) throw new Error('no container')
  const image = images.find((each) => each.name === name)

  test('run on a configuration that the service takes, with secrets by reference alone', () => {
    const secrets = container.env.filter(({ valueFrom }) => valueFrom !== undefined).map(({ name }) => name)
    expect(secrets).toEqual([
      'DATABASE_URL',
      ...(name === 'api' ? ['DATABASE_REPLICA_URL'] : []),
      'REDIS_URL',
      'JWT_SECRET',
      'CONTENT_KEYS',
    ])
    expect(configOf(container)).toMatchObject({ port: 3000, metricsPort: 9464, production: true })
    expect(container.ports.map(({ containerPort }) => containerPort)).toEqual([3000, 9464])
  })

  test('have the time for their drain: preStop and shutdown fit into the grace period', () => {
    const preStopMs = Number(container.lifecycle.preStop.exec.command[1]) * 1000
    const { shutdownTimeoutMs, gatewayDrainMs } = configOf(container)
    expect(preStopMs + shutdownTimeoutMs).toBeLessThan(pod.terminationGracePeriodSeconds * 1000)
    expect(gatewayDrainMs).toBeLessThan(shutdownTimeoutMs)
  })

  test('run without root on a file system that they cannot write, as their image does', () => {
    expect(pod.securityContext).toMatchObject({ runAsNonRoot: true })
    expect(container.securityContext).toMatchObject({ readOnlyRootFilesystem: true, allowPrivilegeEscalation: false })
    expect(container.image).toMatch(new RegExp(`/${name}:\\d`))
  })

  test('are found by their service, their budget and their autoscaler', () => {
    const { labels } = (objectOf('Deployment', `viatra-chat-${name}`).spec as { template: { metadata: { labels: object } } }).template
      .metadata
    expect(labels).toMatchObject((objectOf('Service', `viatra-chat-${name}`).spec as { selector: object }).selector)
    const budget = objectOf('PodDisruptionBudget', `viatra-chat-${name}`).spec as { selector: { matchLabels: object } }
    expect(labels).toMatchObject(budget.selector.matchLabels)
    expect(objectOf('HorizontalPodAutoscaler', `viatra-chat-${name}`).spec).toMatchObject({
      scaleTargetRef: { name: `viatra-chat-${name}` },
    })
  })

  function configOf({ env }: ContainerSpec) {
    const own = Object.fromEntries(env.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])))
    const shared = objectOf('ConfigMap', 'viatra-chat-config').data ?? {}
    return readConfig({
      ...image?.env,
      ...shared,
      ...own,
      DATABASE_URL: 'postgres://db/chat',
      REDIS_URL: 'redis://r',
      JWT_SECRET: testSecret,
    })
  }
})

interface ContainerSpec {
  image: string
  env: { name: string; value?: string; valueFrom?: object }[]
  ports: { containerPort: number }[]
  lifecycle: { preStop: { exec: { command: string[] } } }
  securityContext: object
}

interface PodSpec {
  terminationGracePeriodSeconds: number
  securityContext: object
  containers: ContainerSpec[]
}

function objectOf(kind: string, name: string): Manifest {
  const found = manifests.find((manifest) => manifest.kind === kind && manifest.metadata.name === name)
  if (!found) throw new Error(`the chart has no ${kind} ${name}`)
  return found
}

function withOptions(base: Values, options: Record<string, string>): Values {
  const changed = structuredClone(base) as Record<string, { autoscaling: Record<string, { enabled: boolean }> }>
  for (const [service, option] of Object.entries(options)) Object.assign(changed[service]?.autoscaling[option] ?? {}, { enabled: true })
  return changed
}
