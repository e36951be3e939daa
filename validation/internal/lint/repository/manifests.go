package repository

const cluster = `apiVersion: cluster.x-k8s.io/v1beta2
kind: Cluster
metadata: {name: NAME, namespace: fleet}
spec:
  clusterNetwork: {pods: {cidrBlocks: [10.42.0.0/16]}, services: {cidrBlocks: [10.43.0.0/16]}}
  controlPlaneRef: {apiGroup: controlplane.cluster.x-k8s.io, kind: RKE2ControlPlane, name: NAME-cp}
  infrastructureRef: {apiGroup: infrastructure.cluster.x-k8s.io, kind: HarvesterCluster, name: NAME-hv}
`

const infrastructure = `apiVersion: infrastructure.cluster.x-k8s.io/v1beta1
kind: HarvesterCluster
metadata: {name: NAME-hv, namespace: fleet}
spec:
  identitySecret: {name: NAME-identity, namespace: fleet}
  targetNamespace: NAME
  loadBalancerConfig: {ipamType: pool, ipPoolRef: endpoints}
  vmNetworkConfig: {ipPoolRefs: [NAME-pool], gateway: SUBNET.1, subnetMask: 255.255.255.0, dnsServers: [SUBNET.2]}
`

const machines = `apiVersion: infrastructure.cluster.x-k8s.io/v1beta1
kind: HarvesterMachineTemplate
metadata: {name: NAME-md, namespace: fleet}
spec:
  template:
    spec:
      cpu: 4
      memory: MEMORY
      sshUser: sles
      sshKeyPair: NAME/ops
      networks: [NAME/vlan]
      volumes: [{volumeType: image, imageName: images/sle-micro-6, volumeSize: 80Gi, bootOrder: 1}]
`

const identity = `apiVersion: v1
kind: Secret
metadata: {name: NAME-identity, namespace: fleet}
data:
  kubeconfig: ENC[AES256_GCM,data:c2FtcGxl,iv:aXY=,tag:dGFn,type:str]
sops:
  age: [{recipient: age1sample, enc: sample}]
  version: 3.9.0
`

const patch = `apiVersion: infrastructure.cluster.x-k8s.io/v1beta1
kind: HarvesterMachineTemplate
metadata: {name: NAME-md}
spec: {template: {spec: {cpu: 8}}}
`
