// Provisioned throughput, bounded staleness, nobody but the app gets a role, no instance is always ready.
using '../main.bicep'

param environmentName = 'lightning'
param location = 'swedencentral'
param cosmosServerless = false
param cosmosMaxThroughput = 4000
param cosmosConsistency = 'BoundedStaleness'
param alwaysReadyDurableInstances = 0
param instanceMemoryMB = 4096
param moreSettings = {
  LIGHTNING_EPOCHS: '2'
}
