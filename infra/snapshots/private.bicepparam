// Nothing but the app's own network reaches storage, ledger and models; who deploys may make no custom role.
using '../main.bicep'

param environmentName = 'lightning'
param location = 'swedencentral'
param principalId = '11111111-1111-1111-1111-111111111111'
param entraClientId = '22222222-2222-2222-2222-222222222222'
param baseModelName = 'gpt-4.1'
param privateEndpoints = true
param customRoles = false
