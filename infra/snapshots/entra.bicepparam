// Persons with roles instead of function keys, roles of groups, retraining by the clock; the model's version is Azure's.
using '../main.bicep'

param environmentName = 'lightning'
param location = 'swedencentral'
param principalId = '11111111-1111-1111-1111-111111111111'
param entraClientId = '22222222-2222-2222-2222-222222222222'
param roleGroups = '33333333-3333-3333-3333-333333333333=trainer'
param retrainCron = '0 0 3 * * *'
param baseModelName = 'gpt-4.1'
