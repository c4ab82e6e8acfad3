// Everything Agent Lightning needs in Azure, with managed identity and no shared keys: `azd up`.
// Plain resources with pinned API versions: nothing is downloaded to compile it.
targetScope = 'subscription'

@minLength(1)
@maxLength(40)
@description('Name of the azd environment; it is part of the resource group\'s name.')
param environmentName string

@minLength(1)
@description('Region; it must offer Flex Consumption and fine-tuning of the base model.')
param location string

@description('Object id of whoever deploys, who may then use ledger, files and models too, so that the outputs serve as the .env file of a laptop; empty: nobody.')
param principalId string = ''

@allowed(['24', '22'])
@description('Node.js of the function app.')
param nodeVersion string = '24'

@allowed(['AzureStorage', 'DurableTaskScheduler'])
@description('Where orchestrations keep their state. What runs cannot be moved from one to the other.')
param durableBackend string = 'AzureStorage'

@allowed([2048, 4096])
@description('Memory of an instance. Flex Consumption also has 512 MB, which a dataset build outgrows.')
param instanceMemoryMB int = 2048

@minValue(1)
@maxValue(1000)
param maximumInstanceCount int = 40

@minValue(0)
@description('Instances that are always there for orchestrations. Billed as long as they are; 0: none.')
param alwaysReadyDurableInstances int = 1

@description('Existing Azure OpenAI account; empty: one is made.')
param openAiAccountName string = ''

@description('Resource group of the existing Azure OpenAI account; empty: the one made here.')
param openAiResourceGroupName string = ''

@description('Model for the untuned answers, deployed under its own name in the account made here; empty: none. What a subscription may deploy changes: see docs/deploy.md.')
param baseModelName string = ''

@description('Empty: the version that Azure gives of itself when the deployment is made.')
param baseModelVersion string = ''
param baseModelSku string = 'GlobalStandard'
@minValue(1)
param baseModelCapacity int = 50

@description('Deployment that gives the untuned answers, where it is there already; empty: the one made here, if any.')
param untunedDeploymentName string = ''

@description('Model that training starts from, with its date, as LIGHTNING_BASE_MODEL; empty: the app\'s default.')
param trainingBaseModel string = ''

@description('Existing Cosmos DB account in the resource group made here; empty: one is made.')
param cosmosAccountName string = ''

@description('Whether the Cosmos DB account made here is serverless.')
param cosmosServerless bool = true

@allowed(['Strong', 'BoundedStaleness'])
param cosmosConsistency string = 'Strong'

@description('Autoscale maximum in RU/s shared by the containers, for an account that is not serverless.')
param cosmosMaxThroughput int = 0

param cosmosDatabaseName string = 'agent_rl'

@description('LIGHTNING_AGENT_ID: the agent of calls that name none.')
param agentId string = 'mcp-agents'

@description('LIGHTNING_RETRAIN_CRON, as \'0 0 3 * * *\'; empty: no retraining by the clock.')
param retrainCron string = ''

@description('Client id of an app registration: persons are let in with their roles, instead of function keys. Empty: keys.')
param entraClientId string = ''

@description('LIGHTNING_ROLE_GROUPS, as \'<group id>=trainer,<group id>=releaser:<agent_id>\'.')
param roleGroups string = ''

@description('Storage, Cosmos DB and Azure OpenAI made here are reached through a network of the app\'s own and by nobody else. Accounts that are there already keep their access.')
param privateEndpoints bool = false

@description('Whether a custom role for model deployments is made, which takes the right to make roles (Owner, User Access Administrator); false: the built-in Cognitive Services Contributor, which may do anything to the account.')
param customRoles bool = true

@description('Settings of the app beside those made here, as { LIGHTNING_EPOCHS: \'2\' }.')
param moreSettings { *: string } = {}

var token = toLower(uniqueString(subscription().id, environmentName, location))
var tags = {
  'azd-env-name': environmentName
}
var filesContainerName = 'lightning-datasets'
var taskHubName = 'agentlightning'
var storageName = 'st${token}'
var packageStorageName = 'stp${token}'
var openAiGroupName = empty(openAiAccountName) || empty(openAiResourceGroupName) ? group.name : openAiResourceGroupName
var openAiName = empty(openAiAccountName) ? 'oai-${token}' : openAiAccountName
var cosmosName = empty(cosmosAccountName) ? 'cosmos-${token}' : cosmosAccountName
// In an account that is there already nothing is deployed: only a deployment's own name says what answers.
var untunedDeployment = !empty(untunedDeploymentName) ? untunedDeploymentName : (empty(openAiAccountName) ? baseModelName : '')
var withScheduler = durableBackend == 'DurableTaskScheduler'

resource group 'Microsoft.Resources/resourceGroups@2024-03-01' = {
  name: 'rg-${environmentName}'
  location: location
  tags: tags
}

// The app itself: ledger, dataset files, models, traces.
module identity 'app/identity.bicep' = {
  name: 'identity'
  scope: group
  params: {
    name: 'id-${token}'
    location: location
    tags: tags
  }
}

// The Functions host: its locks and keys, Durable's queues and tables.
module hostIdentity 'app/identity.bicep' = {
  name: 'host-identity'
  scope: group
  params: {
    name: 'id-host-${token}'
    location: location
    tags: tags
  }
}

// The platform, when it puts the package in its place and starts it.
module packageIdentity 'app/identity.bicep' = {
  name: 'package-identity'
  scope: group
  params: {
    name: 'id-package-${token}'
    location: location
    tags: tags
  }
}

module monitoring 'app/monitoring.bicep' = {
  name: 'monitoring'
  scope: group
  params: {
    name: 'appi-${token}'
    workspaceName: 'log-${token}'
    location: location
    tags: tags
    principalId: identity.outputs.principalId
  }
}

module storage 'app/storage.bicep' = {
  name: 'storage'
  scope: group
  params: {
    name: storageName
    location: location
    tags: tags
    hostPrincipalId: hostIdentity.outputs.principalId
    appPrincipalId: identity.outputs.principalId
    deployerPrincipalId: principalId
    filesContainerName: filesContainerName
    isPrivate: privateEndpoints
  }
}

module packageStorage 'app/package-storage.bicep' = {
  name: 'package-storage'
  scope: group
  params: {
    name: packageStorageName
    location: location
    tags: tags
    principalId: packageIdentity.outputs.principalId
    isPrivate: privateEndpoints
  }
}

module cosmosAccount 'app/cosmos-account.bicep' = if (empty(cosmosAccountName)) {
  name: 'cosmos-account'
  scope: group
  params: {
    name: cosmosName
    location: location
    tags: tags
    serverless: cosmosServerless
    consistencyLevel: cosmosConsistency
    isPrivate: privateEndpoints
  }
}

module ledger 'app/lightning-cosmos.bicep' = {
  name: 'lightning-cosmos'
  scope: group
  params: {
    parentAccountName: cosmosName
    databaseName: cosmosDatabaseName
    databaseMaxThroughput: cosmosMaxThroughput
    dataContributorPrincipalIds: empty(principalId) ? [identity.outputs.principalId] : [identity.outputs.principalId, principalId]
  }
  dependsOn: [
    cosmosAccount
  ]
}

module openAi 'app/openai.bicep' = if (empty(openAiAccountName)) {
  name: 'openai'
  scope: group
  params: {
    name: openAiName
    location: location
    tags: tags
    baseModelName: baseModelName
    baseModelVersion: baseModelVersion
    baseModelSku: baseModelSku
    baseModelCapacity: baseModelCapacity
    isPrivate: privateEndpoints
  }
}

module openAiAccess 'app/openai-access.bicep' = {
  name: 'openai-access'
  scope: resourceGroup(openAiGroupName)
  params: {
    accountName: openAiName
    principalId: identity.outputs.principalId
    deployerPrincipalId: principalId
    customRoles: customRoles
  }
  dependsOn: [
    openAi
  ]
}

module scheduler 'app/durable-task-scheduler.bicep' = if (withScheduler) {
  name: 'durable-task-scheduler'
  scope: group
  params: {
    name: 'dts-${token}'
    location: location
    tags: tags
    principalId: hostIdentity.outputs.principalId
    clientId: hostIdentity.outputs.clientId
    taskHubName: taskHubName
  }
}

module network 'app/network.bicep' = if (privateEndpoints) {
  name: 'network'
  scope: group
  params: {
    name: 'vnet-${token}'
    location: location
    tags: tags
    storageAccountName: storageName
    packageAccountName: packageStorageName
    cosmosAccountName: empty(cosmosAccountName) ? cosmosName : ''
    openAiAccountName: empty(openAiAccountName) ? openAiName : ''
  }
  dependsOn: [
    storage
    packageStorage
    cosmosAccount
    openAi
  ]
}

// Settings override host.json by their names, so that one package serves both back ends.
var schedulerSettings = withScheduler ? {
  #disable-next-line BCP318 // there is one whenever this branch is taken
  DURABLE_TASK_SCHEDULER_CONNECTION_STRING: scheduler.outputs.connectionString
  AzureFunctionsJobHost__extensions__durableTask__hubName: taskHubName
  AzureFunctionsJobHost__extensions__durableTask__storageProvider__type: 'azureManaged'
  AzureFunctionsJobHost__extensions__durableTask__storageProvider__connectionStringName: 'DURABLE_TASK_SCHEDULER_CONNECTION_STRING'
} : {}

var entraSettings = empty(entraClientId) ? {} : {
  LIGHTNING_AUTH: 'entra'
  // The identity's token instead of a client secret.
  OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID: identity.outputs.clientId
  WEBSITE_AUTH_AAD_ALLOWED_TENANTS: tenant().tenantId
  // Tells MCP clients where to sign in (Protected Resource Metadata).
  WEBSITE_AUTH_PRM_DEFAULT_WITH_SCOPES: 'api://${entraClientId}/user_impersonation'
}

var optionalSettings = union(
  empty(trainingBaseModel) ? {} : { LIGHTNING_BASE_MODEL: trainingBaseModel },
  empty(untunedDeployment) ? {} : { FOUNDRY_MODEL_DEPLOYMENT_NAME: untunedDeployment },
  empty(retrainCron) ? {} : { LIGHTNING_RETRAIN_CRON: retrainCron },
  empty(roleGroups) ? {} : { LIGHTNING_ROLE_GROUPS: roleGroups }
)

module functionApp 'app/function-app.bicep' = {
  name: 'function-app'
  scope: group
  params: {
    name: 'func-${token}'
    planName: 'plan-${token}'
    location: location
    tags: tags
    nodeVersion: nodeVersion
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    alwaysReadyDurableInstances: alwaysReadyDurableInstances
    identityIds: [identity.outputs.id, hostIdentity.outputs.id, packageIdentity.outputs.id]
    packageIdentityId: packageIdentity.outputs.id
    packageContainerUri: packageStorage.outputs.containerUri
    #disable-next-line BCP318 // there is one whenever this branch is taken
    subnetId: privateEndpoints ? network.outputs.appSubnetId : ''
    entraClientId: entraClientId
    settings: union(
      {
        // The host's own storage, by identity; Durable needs the queue and table addresses too.
        AzureWebJobsStorage__credential: 'managedidentity'
        AzureWebJobsStorage__clientId: hostIdentity.outputs.clientId
        AzureWebJobsStorage__blobServiceUri: storage.outputs.blobEndpoint
        AzureWebJobsStorage__queueServiceUri: storage.outputs.queueEndpoint
        AzureWebJobsStorage__tableServiceUri: storage.outputs.tableEndpoint
        // DefaultAzureCredential picks the user-assigned identity by this.
        AZURE_CLIENT_ID: identity.outputs.clientId
        APPLICATIONINSIGHTS_CONNECTION_STRING: monitoring.outputs.connectionString
        APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identity.outputs.clientId};Authorization=AAD'
        COSMOS_ACCOUNT_URI: ledger.outputs.COSMOS_ACCOUNT_URI
        COSMOS_DATABASE_NAME: ledger.outputs.COSMOS_DATABASE_NAME
        COSMOS_AUTH_MODE: 'aad'
        // The change-feed triggers' connection.
        COSMOS__accountEndpoint: ledger.outputs.COSMOS_ACCOUNT_URI
        COSMOS__credential: 'managedidentity'
        COSMOS__clientId: identity.outputs.clientId
        LIGHTNING_FILES_URI: storage.outputs.blobEndpoint
        LIGHTNING_FILES_CONTAINER: filesContainerName
        AZURE_OPENAI_ENDPOINT: openAiAccess.outputs.endpoint
        AZURE_OPENAI_ACCOUNT: openAiName
        AZURE_RESOURCE_GROUP: openAiGroupName
        AZURE_SUBSCRIPTION_ID: subscription().subscriptionId
        // The package is read-only. What is kept here (captured episodes that the ledger did not take) is lost with the instance.
        LIGHTNING_HOME: '/tmp/lightning'
        LIGHTNING_AGENT_ID: agentId
        USE_TUNED_MODEL: 'true'
        ENABLE_LIGHTNING_CAPTURE: 'true'
      },
      schedulerSettings,
      entraSettings,
      optionalSettings,
      moreSettings
    )
  }
}

// Each name is a setting of the app (src/config/settings.ts), so that `azd env get-values` can be read as its .env file.
output COSMOS_ACCOUNT_URI string = ledger.outputs.COSMOS_ACCOUNT_URI
output COSMOS_DATABASE_NAME string = ledger.outputs.COSMOS_DATABASE_NAME
output LIGHTNING_FILES_URI string = storage.outputs.blobEndpoint
output LIGHTNING_FILES_CONTAINER string = filesContainerName
output AZURE_OPENAI_ENDPOINT string = openAiAccess.outputs.endpoint
// azd looks for the function app in this group. For the app on a laptop it is the OpenAI account's group; where that is
// another one, set it and AZURE_OPENAI_ACCOUNT by hand.
output AZURE_RESOURCE_GROUP string = group.name
output LIGHTNING_ENDPOINT string = functionApp.outputs.uri
output LIGHTNING_AGENT_ID string = agentId
