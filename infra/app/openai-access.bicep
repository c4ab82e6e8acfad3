// What the app may do at the Azure OpenAI account: train and ask (data plane), make and remove deployments (ARM).
param accountName string
param principalId string

var roles = loadJsonContent('roles.json')
var granted = [
  roles.cognitiveServicesOpenAiContributor.id
  roles.cognitiveServicesContributor.id
]

resource account 'Microsoft.CognitiveServices/accounts@2025-06-01' existing = {
  name: accountName
}

resource assignments 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for roleId in granted: {
    scope: account
    name: guid(account.id, principalId, roleId)
    properties: {
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleId)
      principalId: principalId
      principalType: 'ServicePrincipal'
    }
  }
]

// The models' own host, not the account's general one: fine-tuning is served under /openai/v1 of it.
output endpoint string = 'https://${account.properties.customSubDomainName}.openai.azure.com/'
