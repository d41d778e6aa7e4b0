import { ignored, leaf, map, type Node, refusedUnless, type Tree, unset } from '#values/tree.ts'

const BARE_METAL = 'Balise is for clusters on bare metal: it speaks to no cloud'
const CLOUD_CNI = 'use the CNI of the cloud, and Balise beside it with cni.mode: none'

export const CLOUDS: Tree = {
  eni: cloud('eni', {
    awsReleaseExcessIPs: false,
    awsEnablePrefixDelegation: false,
    ec2APIEndpoint: '',
    eniTags: map(),
    gcInterval: '',
    gcTags: map(),
    iamRole: '',
    subnetIDsFilter: [],
    subnetTagsFilter: [],
    instanceTagsFilter: [],
    updateEC2AdapterLimitViaAPI: leaf('boolean'),
    nodeSpec: {
      firstInterfaceIndex: unset('integer'),
      subnetIDs: [],
      subnetTags: [],
      securityGroups: [],
      securityGroupTags: [],
      excludeInterfaceTags: [],
      usePrimaryAddress: false,
      disablePrefixDelegation: false,
      deleteOnTermination: unset('boolean'),
    },
  }),
  azure: cloud('azure', {
    usePrimaryAddress: leaf('boolean'),
    resourceGroup: leaf('text'),
    subscriptionID: leaf('text'),
    tenantID: leaf('text'),
    clientID: leaf('text'),
    clientSecret: leaf('text'),
    userAssignedIdentityID: leaf('text'),
    nodeSpec: { azureInterfaceName: '' },
  }),
  alibabacloud: cloud('alibabacloud', {
    nodeSpec: { vSwitches: [], vSwitchTags: [], securityGroups: [], securityGroupTags: [] },
  }),
  aksbyocni: cloud('aksbyocni', {}),
  gke: cloud('gke', {}),
}

function cloud(name: string, below: Tree): Tree {
  const quiet = (node: Node): Node => ignored(`${name}.enabled cannot be set`, node)
  return {
    enabled: refusedUnless(false, BARE_METAL, CLOUD_CNI, false),
    ...Object.fromEntries(Object.entries(below).map(([key, node]) => [key, quiet(node)])),
  }
}
