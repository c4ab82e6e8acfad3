// A new Azure OpenAI account (Foundry resource) without keys, and, if asked for, the deployment of a base model.
param name string
param location string
param tags object

@description('Base model to deploy for the untuned answers; empty: none, FOUNDRY_MODEL_DEPLOYMENT_NAME then names one made otherwise.')
param baseModelName string
param baseModelVersion string
param baseModelSku string
param baseModelCapacity int

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
    publicNetworkAccess: 'Enabled'
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
    model: {
      format: 'OpenAI'
      name: baseModelName
      version: baseModelVersion
    }
    versionUpgradeOption: 'NoAutoUpgrade'
  }
}

output name string = account.name
