// The Cosmos DB account: identities only, no keys.
param name string
param location string
param tags { *: string }

@description('Serverless bills each request; otherwise the database shares autoscaled throughput.')
param serverless bool

@description('Several instances work on one record, one after the other: with less than Strong, one might not yet see what another wrote.')
@allowed(['Strong', 'BoundedStaleness'])
param consistencyLevel string

@description('No access but through private endpoints.')
param isPrivate bool

resource account 'Microsoft.DocumentDB/databaseAccounts@2024-11-15' = {
  name: name
  location: location
  tags: tags
  kind: 'GlobalDocumentDB'
  properties: {
    databaseAccountOfferType: 'Standard'
    locations: [
      {
        locationName: location
        failoverPriority: 0
        isZoneRedundant: false
      }
    ]
    capabilities: serverless ? [{ name: 'EnableServerless' }] : []
    consistencyPolicy: consistencyLevel == 'Strong' ? {
      defaultConsistencyLevel: 'Strong'
    } : {
      defaultConsistencyLevel: 'BoundedStaleness'
      maxStalenessPrefix: 100
      maxIntervalInSeconds: 5
    }
    disableLocalAuth: true
    minimalTlsVersion: 'Tls12'
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
    backupPolicy: {
      type: 'Continuous'
      continuousModeProperties: {
        tier: 'Continuous7Days'
      }
    }
  }
}

output name string = account.name
