// One storage account, without shared keys: the host's own state, Durable's queues and tables (when it keeps them here)
// and the dataset files. The deployment package lies in an account of its own: who owns this one may not change what runs.
param name string
param location string
param tags { *: string }

@description('Object id of the host\'s identity: locks, keys, timers, and Durable\'s queues and tables.')
param hostPrincipalId string

@description('Object id of the app\'s identity: dataset files alone.')
param appPrincipalId string

@description('No access but through private endpoints.')
param isPrivate bool

@description('Object id of whoever deploys, who may then read and write dataset files from a laptop; empty: nobody.')
param deployerPrincipalId string

@description('LIGHTNING_FILES_CONTAINER.')
param filesContainerName string

var roles = loadJsonContent('roles.json')
// The host needs Blob Data Owner for its locks, and makes containers; queues and tables are Durable's.
var granted = [
  roles.storageBlobDataOwner.id
  roles.storageQueueDataContributor.id
  roles.storageTableDataContributor.id
]

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: {
    name: 'Standard_LRS'
  }
  properties: {
    allowSharedKeyAccess: false
    allowBlobPublicAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-06-01' = {
  parent: account
  name: 'default'
  properties: {
    deleteRetentionPolicy: {
      enabled: true
      days: 7
    }
  }
}

resource files 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' = {
  parent: blobs
  name: filesContainerName
  properties: {
    publicAccess: 'None'
  }
}

resource assignments 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for roleId in granted: {
    scope: account
    name: guid(account.id, hostPrincipalId, roleId)
    properties: {
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleId)
      principalId: hostPrincipalId
      principalType: 'ServicePrincipal'
    }
  }
]

// The dataset files alone: not what the host keeps.
resource appAssignment 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: files
  name: guid(files.id, appPrincipalId, roles.storageBlobDataContributor.id)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageBlobDataContributor.id)
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
  }
}

resource deployerAssignment 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(deployerPrincipalId)) {
  scope: files
  name: guid(files.id, deployerPrincipalId, roles.storageBlobDataContributor.id)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageBlobDataContributor.id)
    principalId: deployerPrincipalId
  }
}

output blobEndpoint string = account.properties.primaryEndpoints.blob
output queueEndpoint string = account.properties.primaryEndpoints.queue
output tableEndpoint string = account.properties.primaryEndpoints.table
