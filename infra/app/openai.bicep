// A new Azure OpenAI account (Foundry resource) without keys, and, if asked for, the deployment of a base model.
param name string
param location string
param tags { *: string }

@description('Base model to deploy for the untuned answers; empty: none, FOUNDRY_MODEL_DEPLOYMENT_NAME then names one made otherwise.')
param baseModelName string

@description('Empty: the version that Azure gives of itself when the deployment is made.')
param baseModelVersion string
param baseModelSku string
param baseModelCapacity int

@description('No access but through private endpoints.')
param isPrivate bool

resource account 'Microsoft.CognitiveServices/accounts@2025-06-01' = {
  name: name
  location: location
  tags: tags
  kind: 'AIServices'
  sku: {
    name: 'S0'
  }
  identity: {
    type: 'SystemAssigned'
  }
  properties: {
    customSubDomainName: name
    disableLocalAuth: true
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
  }
}

resource baseModel 'Microsoft.CognitiveServices/accounts/deployments@2025-06-01' = if (!empty(baseModelName)) {
  parent: account
  name: baseModelName
  sku: {
    name: baseModelSku
    capacity: baseModelCapacity
  }
  properties: {
    model: union(
      {
        format: 'OpenAI'
        name: baseModelName
      },
      empty(baseModelVersion) ? {} : { version: baseModelVersion }
    )
    versionUpgradeOption: 'NoAutoUpgrade'
  }
}

output name string = account.name
