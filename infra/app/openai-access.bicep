// What the app may do at the Azure OpenAI account: train and ask (data plane), make and remove deployments (ARM).
param accountName string
param principalId string

@description('Whether a custom role is made for deployments; false where who deploys may make none.')
param customRoles bool

@description('Object id of whoever deploys, who may then train and ask from a laptop; empty: nobody.')
param deployerPrincipalId string

var roles = loadJsonContent('roles.json')
// Deployments and what is read to make them. Cognitive Services Contributor would be all of the account: its keys, its
// network, its removal.
var deploymentActions = [
  'Microsoft.CognitiveServices/accounts/read'
  'Microsoft.CognitiveServices/accounts/models/read'
  'Microsoft.CognitiveServices/accounts/deployments/read'
  'Microsoft.CognitiveServices/accounts/deployments/write'
  'Microsoft.CognitiveServices/accounts/deployments/delete'
]

resource account 'Microsoft.CognitiveServices/accounts@2025-06-01' existing = {
  name: accountName
}

resource deployments 'Microsoft.Authorization/roleDefinitions@2022-04-01' = if (customRoles) {
  name: guid(resourceGroup().id, accountName, 'lightning-deployments')
  properties: {
    roleName: 'Agent Lightning deployments of ${accountName}'
    description: 'Makes, reads and removes model deployments, and nothing else of the account.'
    type: 'CustomRole'
    assignableScopes: [
      resourceGroup().id
    ]
    permissions: [
      {
        actions: deploymentActions
        notActions: []
        dataActions: []
        notDataActions: []
      }
    ]
  }
}

resource deploymentsAssignment 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: account
  name: guid(account.id, principalId, customRoles ? 'lightning-deployments' : roles.cognitiveServicesContributor.id)
  properties: {
    roleDefinitionId: customRoles ? deployments.id : subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.cognitiveServicesContributor.id)
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}

resource trainingAssignment 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: account
  name: guid(account.id, principalId, roles.cognitiveServicesOpenAiContributor.id)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.cognitiveServicesOpenAiContributor.id)
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}

resource deployerAssignment 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(deployerPrincipalId)) {
  scope: account
  name: guid(account.id, deployerPrincipalId, roles.cognitiveServicesOpenAiContributor.id)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.cognitiveServicesOpenAiContributor.id)
    principalId: deployerPrincipalId
  }
}

// The models' own host, not the account's general one: fine-tuning is served under /openai/v1 of it.
output endpoint string = 'https://${account.properties.customSubDomainName}.openai.azure.com/'
