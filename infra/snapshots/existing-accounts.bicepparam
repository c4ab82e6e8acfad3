// Durable Task Scheduler, and accounts of Azure OpenAI and Cosmos DB that are there already. Nothing is deployed in them,
// so the untuned answers come from the deployment that is named and not from `baseModelName`.
using '../main.bicep'

param environmentName = 'lightning'
param location = 'swedencentral'
param principalId = '11111111-1111-1111-1111-111111111111'
param durableBackend = 'DurableTaskScheduler'
param openAiAccountName = 'oai-there'
param openAiResourceGroupName = 'rg-there'
param baseModelName = 'gpt-4.1'
param untunedDeploymentName = 'chat'
param cosmosAccountName = 'cosmos-there'
param nodeVersion = '22'
