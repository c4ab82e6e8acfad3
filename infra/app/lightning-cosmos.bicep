// The ledger's database and containers in an existing Cosmos DB account. Deployable alone:
//   az deployment group create --resource-group <group> --template-file infra/app/lightning-cosmos.bicep \
//     --parameters parentAccountName=<account>
targetScope = 'resourceGroup'

@description('Existing Azure Cosmos DB for NoSQL account in this resource group.')
param parentAccountName string

@description('COSMOS_DATABASE_NAME.')
param databaseName string = 'agent_rl'

@description('Other container names by key, as { episodes: \'my_episodes\' }; set COSMOS_CONTAINER_* to the same.')
param containerNames { *: string } = {}

@description('Autoscale maximum in RU/s shared by all containers, at least 1000; 0 for a serverless account, which takes none.')
@minValue(0)
param databaseMaxThroughput int = 0

@description('Object ids of identities that read and write the ledger.')
param dataContributorPrincipalIds string[] = []

// Written from src/ledger by `npm run docs:containers`; a test holds both equal.
var containers = loadJsonContent('containers.json')
var roles = loadJsonContent('roles.json')

resource account 'Microsoft.DocumentDB/databaseAccounts@2024-11-15' existing = {
  name: parentAccountName
}

resource database 'Microsoft.DocumentDB/databaseAccounts/sqlDatabases@2024-11-15' = {
  parent: account
  name: databaseName
  properties: {
    resource: {
      id: databaseName
    }
    options: databaseMaxThroughput == 0 ? {} : {
      autoscaleSettings: {
        maxThroughput: databaseMaxThroughput
      }
    }
  }
}

resource ledgerContainers 'Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers@2024-11-15' = [
  for container in containers: {
    parent: database
    name: containerNames[?container.key] ?? container.name
    properties: {
      resource: union(
        { id: containerNames[?container.key] ?? container.name },
        container.resource
      )
    }
  }
]

// Data access is Cosmos DB's own: being Owner in Azure is not enough. The whole account, because the SDK reads the
// account's metadata first. One after the other: the account takes one change of its roles at a time.
@batchSize(1)
resource dataContributors 'Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments@2024-11-15' = [
  for principalId in dataContributorPrincipalIds: {
    parent: account
    name: guid(account.id, principalId, roles.cosmosDbBuiltInDataContributor.id)
    properties: {
      roleDefinitionId: '${account.id}/sqlRoleDefinitions/${roles.cosmosDbBuiltInDataContributor.id}'
      principalId: principalId
      scope: account.id
    }
  }
]

output COSMOS_ACCOUNT_URI string = account.properties.documentEndpoint
output COSMOS_DATABASE_NAME string = database.name
